"""Standard output that says of itself when it takes no more: else a disk that is full elsewhere is taken for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO

from isthmus.errors import OutputError

__all__ = ["telling_of_itself"]


@contextmanager
def telling_of_itself() -> Iterator[None]:
    """Let what cannot be written to standard output raise an `OutputError` that names it, within the block.

    A reader that has left raises BrokenPipeError, as ever. After either, what is still written vanishes.
    """
    if sys.stdout is None:  # closed by whoever started us: then nothing is printed
        yield
        return
    with redirect_stdout(_Telling(sys.stdout)):
        yield


class _Telling:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._told():
            return self._stream.write(text)

    def flush(self) -> None:
        with self._told():
            self._stream.flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            if isinstance(error, BrokenPipeError):
                raise
            words = os.strerror(error.errno).lower() if error.errno else str(error)
            raise OutputError(f"cannot write to standard output: {words}") from error
