"""The libraries of extras, which an installation may lack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from isthmus.errors import MissingLibraryError

__all__ = ["needed"]


@contextmanager
def needed(library: str, what: str, *, extra: str) -> Iterator[None]:
    """Turn a library that cannot be imported into one line that says what to install.

    Parameters
    ----------
    library : str
    what : str
        What needs it, in the plural.
    extra : str
        The extra of ours that brings it.

    Raises
    ------
    MissingLibraryError
    """
    try:
        yield
    except (ImportError, OSError) as error:  # soundfile raises an OSError where the library of C below it is missing
        raise MissingLibraryError(f"{what} need {library} ({error}): pip install 'isthmus[{extra}]'") from error
