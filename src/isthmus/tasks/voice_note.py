"""The note that converted sound carries, so that whoever finds the file can learn that nobody said it."""

from __future__ import annotations

from pathlib import Path

from isthmus.version import __version__
from isthmus.words import printable

__all__ = ["conversion_note", "tells_of_conversion"]

BEGINNING = "Converted voice: made by Isthmus "


def conversion_note(content: object) -> str:
    """Return the note of sound that was converted from a recording, which is named where it is a file."""
    source = printable(Path(content).name) if isinstance(content, (str, Path)) else "a recording"
    return f"{BEGINNING}{__version__} from {source}; nobody said this in this voice"


def tells_of_conversion(comment: str) -> bool:
    """Return whether the comment of a sound file is the note of a conversion.

    Examples
    --------
    >>> tells_of_conversion(conversion_note("me.wav")), tells_of_conversion("Recorded at home")
    (True, False)
    """
    return comment.startswith(BEGINNING)
