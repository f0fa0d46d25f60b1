"""A folder of pictures to write: whole or not at all, and never over somebody else's pictures.

What is written carries a note, by which a later run knows its own pictures from a person's originals.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from isthmus.errors import DataError, OutputError
from isthmus.files import replaced_folder

__all__ = ["added_pictures", "check_folder", "png_names"]

NOTE, OURS = "Software", "Isthmus"  # in PNG, the chunk that names the program


def png_names(paths: Sequence[Path]) -> list[Path]:
    """Return the names that pictures have as PNG files, each another: a.jpg is a.png, or a.jpg.png where there are two.

    Raises
    ------
    DataError
        Naming two pictures that would have one name all the same.
    """
    plain = [path.with_suffix(".png") for path in paths]
    times = Counter(plain)
    names = [
        path.with_name(path.name + ".png") if times[short] > 1 and path != short else short
        for path, short in zip(paths, plain, strict=True)
    ]
    sources: dict[Path, Path] = {}
    for path, name in zip(paths, names, strict=True):
        if sources.setdefault(name, path) != path:
            raise DataError(f"{sources[name]} and {path} would both be written as {name}: rename one of them")
    return names


def check_folder(out: Path, source: Path) -> None:
    """Refuse a folder in which something would be lost, or read as if it were an original.

    That is the folder of the pictures read, one above or below it, or one that holds other files.

    Raises
    ------
    OutputError
    """
    if out.exists() and not out.is_dir():
        raise OutputError(f"cannot write {out}: a file of that name exists; nothing was changed")
    read, written = source.resolve(), out.resolve()
    if source.is_dir() and read in written.parents:
        raise OutputError(f"cannot write {out}: it lies among the pictures to read in {source}; give another folder")
    if source.is_dir() and (written == read or written in read.parents):
        raise OutputError(f"cannot write {out}: the pictures to read are in it; give another folder")
    for path in sorted(out.rglob("*")) if out.is_dir() else []:
        if not (path.is_dir() or _is_ours(path)):
            raise OutputError(
                f"cannot write {out}: it holds {path.name}, which was not written here; give a new or an empty folder; "
                "nothing was changed"
            )


@contextmanager
def added_pictures(out: Path) -> Iterator[Callable[[Path, np.ndarray], None]]:
    """Yield a function that keeps a picture under a name; when the block ends well, all of them are in the folder.

    Raises
    ------
    OutputError
        Where the folder cannot be written. It is then as it was.
    """
    note = PngInfo()
    note.add_text(NOTE, OURS)
    with replaced_folder(out) as temporary:
        if out.is_dir():
            shutil.copytree(out, temporary, dirs_exist_ok=True)

        def keep(name: Path, pixels: np.ndarray) -> None:
            target = temporary / name
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(target, format="PNG", pnginfo=note)

        yield keep


def _is_ours(path: Path) -> bool:
    try:
        with Image.open(path, formats=["PNG"]) as opened:
            return bool(opened.info.get(NOTE) == OURS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, UnidentifiedImageError):
        return False
