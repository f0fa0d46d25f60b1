"""Whether a sound file ends where it should: decoders take what is there, and say nothing of what is missing."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

__all__ = ["missing_end"]

ENOUGH = 0.99  # share of what is announced; a writer's own count may be a little off
ENDLESS = 0x7FFF0000  # bytes from which on a size was never filled in: the writer wrote to a pipe
MOST_CHUNKS = 1000  # before the sound of a WAV file
LARGEST_PAGE = 65_307  # bytes, of OGG
LAST_PAGE = 4  # bit of an OGG page's flags
SIDES = (21, 36, 13)  # bytes from an MP3 frame's start to what its length stands in: mono at low rates, and others
HAS_FRAMES, HAS_BYTES = 1, 2  # bits of that table's flags


def missing_end(path: Path) -> str:
    """Return what is known of the end that a WAV, OGG or MP3 file lacks; empty where it is whole, or does not say."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        start = file.read(12)
        file.seek(0)
        try:
            if start[:4] == b"RIFF" and start[8:] == b"WAVE":
                return _told(*_wav(file, size))
            if start[:4] == b"OggS":
                return _ogg(file, size)
            return _told(*_mp3(file, size))
        except struct.error:  # it ends within its own header: there is nothing to compare
            return ""


def _told(there: int, announced: int) -> str:
    if not 0 < announced < ENDLESS or there >= ENOUGH * announced:
        return ""
    return f"{max(there, 0) / announced:.0%} of the sound that it announces is there"


def _wav(file: BinaryIO, size: int) -> tuple[int, int]:
    """Return how many bytes of sound are there, and how many are announced."""
    file.seek(12)
    for _ in range(MOST_CHUNKS):
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            return size - file.tell(), length
        file.seek(length + length % 2, 1)
    return 0, 0


def _ogg(file: BinaryIO, size: int) -> str:
    file.seek(max(0, size - LARGEST_PAGE))
    end = file.read()
    page = end.rfind(b"OggS")
    return "" if page + 5 < len(end) and end[page + 5] & LAST_PAGE else "its last page is missing"


def _mp3(file: BinaryIO, size: int) -> tuple[int, int]:
    """Return how many bytes are there, and how many the table in the first frame announces (Xing's, or Info)."""
    begin = 0
    if file.read(3) == b"ID3":
        _, *lengths = struct.unpack(">3s4B", file.read(7))
        begin = 10 + sum(length << shift for length, shift in zip(lengths, (21, 14, 7, 0), strict=True))
    for side in SIDES:
        file.seek(begin + side)
        name, flags = struct.unpack(">4sI", file.read(8))
        if name in (b"Xing", b"Info") and flags & HAS_BYTES:
            file.seek(4 if flags & HAS_FRAMES else 0, 1)
            return size - begin, struct.unpack(">I", file.read(4))[0]
    return 0, 0
