"""The libraries of the extra `speech`, which an installation may lack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from isthmus.errors import IsthmusError

__all__ = ["MissingLibraryError", "needed"]


class MissingLibraryError(IsthmusError, ImportError):
    """A library is not installed, or cannot be loaded; the message says what to install."""


@contextmanager
def needed(library: str) -> Iterator[None]:
    """Turn a library that cannot be imported into one line that says what to install.

    Raises
    ------
    MissingLibraryError
    """
    try:
        yield
    except (ImportError, OSError) as error:  # soundfile raises an OSError where the library of C below it is missing
        raise MissingLibraryError(f"recordings need {library} ({error}): pip install 'isthmus[speech]'") from error
