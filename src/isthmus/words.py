"""Numbers and names in sentences."""

from __future__ import annotations

import os

__all__ = ["a", "counted", "printable"]


def counted(count: int, thing: str, things: str | None = None) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "picture"), counted(1200, "picture"), counted(2, "class", "classes")
    ('1 picture', '1,200 pictures', '2 classes')
    """
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def a(thing: str) -> str:
    """Return a noun with its article.

    Examples
    --------
    >>> a("Embedder"), a("Generator")
    ('an Embedder', 'a Generator')
    """
    return f"{'an' if thing[:1].lower() in set('aeiou') else 'a'} {thing}"


def printable(name: str | os.PathLike[str]) -> str:
    r"""Return a file's name as text that can be written anywhere: bytes that are no UTF-8 are spelled out.

    Examples
    --------
    >>> printable("caf\udce9.png"), printable("猫.png")
    ('caf\\udce9.png', '猫.png')
    """
    return os.fspath(name).encode("utf-8", "backslashreplace").decode()
