"""The command line: thin commands, each of which calls one task.

Exit codes: 0, 2 for what the person can mend (one clear line on standard error), 1 for our own fault.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import tempfile
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from isthmus.cli import cluster, demo, denoise, detect, embed, generate, info, voice
from isthmus.cli.standard_output import telling_of_itself
from isthmus.errors import IsthmusError
from isthmus.files import told
from isthmus.version import __version__

__all__ = ["app", "main"]

PLAIN = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "it must be a whole number",
    "Input should be a valid number, unable to parse string as a number": "it must be a number",
    "Input should be greater than or equal to": "it must be at least",
    "Input should be less than or equal to": "it must be at most",
    "Input should be": "it must be",
}

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # what writing to a disk may end with


class _Commands(TyperGroup):
    """The commands; one that is interrupted says what its training loop says of that."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            words = _last_words(stop)
            if words:
                print(f"isthmus: {words}", file=sys.stderr)
            raise typer.Exit(130) from None


class _Command(TyperCommand):
    """A command that says what it was to write, where a disk is full and the system names no file."""

    def invoke(self, ctx: Any) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno not in FULL:
                raise
            with told(Path(error.filename or ctx.params.get("out") or tempfile.gettempdir())):
                raise


app = typer.Typer(
    name="isthmus",
    cls=_Commands,
    help="Turn unlabelled data into useful things with auto-encoders. Start with: isthmus demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for family in (detect, embed, cluster, generate, denoise, voice):
    for command in family.app.registered_commands:
        command.cls = _Command
    app.add_typer(family.app, name=family.__name__.rpartition(".")[2])
app.command("demo", cls=_Command)(demo.run)
app.command("info", cls=_Command)(info.run)


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True)) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; a signal to end ends the process, once all is tidy."""
    noted: set[str] = set()

    def note(message: object, *_: object, **__: object) -> None:
        text = _line(message)
        if text not in noted:
            noted.add(text)
            print(f"isthmus: note: {text}", file=sys.stderr)

    with _ended_tidily(), telling_of_itself(), warnings.catch_warnings():
        warnings.showwarning = note
        warnings.simplefilter("ignore")
        warnings.filterwarnings("always", category=UserWarning, module="isthmus")
        return _run(arguments)


@contextmanager
def _ended_tidily() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind what is going on as Ctrl-C does, lest temporary files stay; then end by them."""
    received: list[int] = []

    def stop(number: int, _: object) -> None:
        received.append(number)
        for other in heard:
            signal.signal(other, signal.SIG_IGN)  # a second one does not hinder the tidying up
        raise KeyboardInterrupt

    ends = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    main_thread = threading.current_thread() is threading.main_thread()
    heard = [number for number in ends if main_thread and signal.getsignal(number) == signal.SIG_DFL]
    for number in heard:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)
        if received:
            signal.raise_signal(received[0])


def _last_words(stop: BaseException | None) -> str:
    """Return what an interrupt, or the one that it came out of, says."""
    while stop is not None and not (isinstance(stop, KeyboardInterrupt) and stop.args):
        stop = stop.__context__
    return "" if stop is None else str(stop)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result = app(args=None if arguments is None else list(arguments), prog_name="isthmus", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except typer.Exit as stop:
        return stop.exit_code
    except typer.TyperException as error:
        message = _plain(error.format_message())
        return _fail(message) if message else 2  # without arguments: the help was printed
    except IsthmusError as error:
        return _fail(str(error))
    except PermissionError as error:
        return _fail(f"{error.filename or 'a file'}: permission denied")
    except MemoryError:
        return _fail("there is not enough memory for this; try a part of the rows")
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:  # the reader of our output has left: not an error, and nothing more to say to it
        return 141
    except Exception as error:
        if os.environ.get("ISTHMUS_DEBUG"):
            traceback.print_exc()
        print(
            f"isthmus: this is our fault: {type(error).__name__}: {_line(error)} (ISTHMUS_DEBUG=1 shows where)",
            file=sys.stderr,
        )
        return 1


def _fail(message: str) -> int:
    print(f"isthmus: {_line(message)}", file=sys.stderr)
    return 2


def _plain(message: str) -> str:
    """Return what the parser says of an option, without the words of the library that checks its type."""
    for theirs, ours in PLAIN.items():
        message = message.replace(theirs, ours)
    return message


def _line(message: object) -> str:
    return " ".join(str(message).split())
