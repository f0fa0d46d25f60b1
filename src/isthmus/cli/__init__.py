"""The command line: thin commands, each of which calls one task.

Exit codes: 0, 2 for what the person can mend (one clear line on standard error), 1 for our own fault.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence

import typer

from isthmus.cli import cluster, demo, denoise, detect, embed, generate, info, voice
from isthmus.errors import IsthmusError
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

app = typer.Typer(
    name="isthmus",
    help="Turn unlabelled data into useful things with auto-encoders. Start with: isthmus demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(detect.app, name="detect")
app.add_typer(embed.app, name="embed")
app.add_typer(cluster.app, name="cluster")
app.add_typer(generate.app, name="generate")
app.add_typer(denoise.app, name="denoise")
app.add_typer(voice.app, name="voice")
app.command("demo")(demo.run)
app.command("info")(info.run)


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True)) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    told: set[str] = set()

    def note(message: object, *_: object, **__: object) -> None:
        text = _line(message)
        if text not in told:
            told.add(text)
            print(f"isthmus: note: {text}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = note
        warnings.simplefilter("ignore")
        warnings.filterwarnings("always", category=UserWarning, module="isthmus")
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        if {"--grey", "--colour"} <= set(sys.argv[1:] if arguments is None else arguments):
            return _fail("--grey and --colour contradict each other")
        result = app(args=None if arguments is None else list(arguments), prog_name="isthmus", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except typer.Exit as stop:
        return stop.exit_code
    except typer.TyperException as error:
        return _fail(_plain(error.format_message()))
    except IsthmusError as error:
        return _fail(str(error))
    except PermissionError as error:
        return _fail(f"{error.filename or 'a file'}: permission denied")
    except MemoryError:
        return _fail("there is not enough memory for this; try a part of the rows")
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:  # the reader of our output has left: not an error, and nothing more to say to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
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
