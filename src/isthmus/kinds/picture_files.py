"""One picture file, read with distrust: PNG, JPEG or WebP in, pixels out.

What cannot be read is one clear error that names the file. What can be read after a conversion that loses something
(16 bits, a palette, CMYK, transparency, a second picture in the file) is converted, and said.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from isthmus.errors import DataError, SchemaWarning
from isthmus.files import all_below, found_among
from isthmus.words import counted

__all__ = ["SUFFIXES", "find", "read", "tell_converted", "tell_left_out", "tell_mixed", "upright"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".jfif", ".webp"}
OTHERS = {".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".jxl", ".svg", ".tga", ".tif", ".tiff"}  # not read
NAMED, REASONS = 3, 20  # files to name where there are many; those to name with a reason
FORMATS = ("PNG", "JPEG", "WEBP")  # no decoder beyond these ever sees a file
CAMERA = "MPO"  # a JPEG with further pictures behind the first, as cameras write their previews
MOST_PIXELS = 100_000_000  # of one picture; a larger one is taken for an attack, or needs cutting up first
CONVERTED = {"P": "a palette", "CMYK": "CMYK colours", "YCbCr": "YCbCr colours", "LAB": "Lab colours"}
SIXTEEN = {"I;16", "I;16B", "I;16L", "I;16N"}  # bits a value
DEEP = {"I", "F"} | SIXTEEN  # more than 8 bits


def find(folder: str | Path) -> list[Path]:
    """Return the picture files of a folder and its sub-folders, sorted by path.

    Files of other formats, and sub-folders that are links, are left out with a note.

    Raises
    ------
    DataError
        If there is no such folder, or no picture in it.
    """
    everything = all_below(folder)
    others = [path for path in everything if path.suffix.lower() in OTHERS and path.is_file()]
    linked = [path for path in everything if path.is_symlink() and path.is_dir()]
    for left_out, thing, why in ((others, "file", "no PNG, JPEG or WebP"), (linked, "folder", "only linked to")):
        if left_out:
            told = f"{counted(len(left_out), thing)} left out, {why}: {_some(left_out)}"
            warnings.warn(told, SchemaWarning, stacklevel=3)
    return found_among(everything, folder, SUFFIXES, "pictures")


def tell_converted(converted: Mapping[str, Sequence[Path]]) -> None:
    """Say in one note for each way of losing something which files were converted."""
    for what, paths in converted.items():
        warnings.warn(f"{_some(paths)}: {what}", SchemaWarning, stacklevel=3)


def tell_left_out(errors: Sequence[DataError], count: int) -> None:
    """Say in one note which of so many files could not be read, and why."""
    if errors:
        reasons = "; ".join(map(str, errors[:REASONS]))
        more = f"; and {len(errors) - REASONS:,} more" if len(errors) > REASONS else ""
        warnings.warn(
            f"{len(errors):,} of {counted(count, 'file')} left out: {reasons}{more}", SchemaWarning, stacklevel=3
        )


def tell_mixed(colourless: Sequence[bool]) -> None:
    """Say where some pictures are grey and others in colour, and nobody said which is meant."""
    if any(colourless) and not all(colourless):
        warnings.warn(
            f"{sum(colourless):,} of {len(colourless):,} pictures looked at are grey, the others in colour: all are "
            "taken in colour; ask for grey where colour does not matter",
            SchemaWarning,
            stacklevel=3,
        )


def _some(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - NAMED:,} more" if len(paths) > NAMED else ""
    return ", ".join(str(path) for path in paths[:NAMED]) + more


def read(
    path: str | Path, *, grey: bool | None, least: tuple[int, int] | None = None
) -> tuple[Image.Image, str | None]:
    """Read one picture, upright and in 8 bits.

    Parameters
    ----------
    path : path
    grey : bool or None
        One channel ("L"), or three ("RGB"); None for as many as the file has.
    least : (width, height), optional
        A JPEG may be decoded smaller, but no smaller than this: many times as fast for large photos.

    Returns
    -------
    picture : PIL.Image.Image
    converted : str or None
        What was converted on the way, in words.

    Raises
    ------
    DataError
        Naming the file and what is wrong with it.
    """
    path = Path(path)
    try:
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty (0 bytes)")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is below
            with Image.open(path, formats=FORMATS) as opened:
                return upright(path, opened, grey=grey, least=least)
    except FileNotFoundError:
        link = "is a link to a file that is not there: mend or remove it" if path.is_symlink() else "does not exist"
        raise DataError(f"{path} {link}") from None
    except Image.DecompressionBombError:
        raise DataError(_too_large(path)) from None
    except UnidentifiedImageError:
        told = "whatever its name says" if path.suffix.lower() in SUFFIXES else "and pictures are needed here"
        raise DataError(f"{path} is not a PNG, JPEG or WebP picture, {told}") from None
    except DataError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        # Pillow has no class of its own for a file that ends early or lies about itself
        reason = str(error).split(" (")[0] or type(error).__name__
        raise DataError(f"{path} is cut short or damaged: {reason}") from None


def upright(
    path: str | Path, opened: Image.Image, *, grey: bool | None, least: tuple[int, int] | None = None
) -> tuple[Image.Image, str | None]:
    """Return an open picture as `read` does; `path` is what to call it in a message."""
    if opened.width * opened.height > MOST_PIXELS:
        raise DataError(_too_large(path, opened.size))
    frames = getattr(opened, "n_frames", 1)
    if frames > 1 and opened.format != CAMERA:
        raise DataError(f"{path} is animated ({frames} frames): save the frame you mean as a picture of its own")
    sixteen = opened.mode in SIXTEEN or _stored_deep(opened)
    lost = _loses(opened, sixteen)
    if grey is None:
        grey = opened.mode in {"1", "L", "LA"} | DEEP
    if least is not None and opened.format in {"JPEG", CAMERA}:
        turned = max(least)  # EXIF may turn it by a quarter
        opened.draft(None, (turned, turned))
    picture = ImageOps.exif_transpose(opened)
    if picture.mode in DEEP:
        picture = _eight_bits(picture, sixteen=sixteen)
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    notes = [f"{' and '.join(lost)}, converted to 8 bits of {'grey' if grey else 'RGB'}"] if lost else []
    if frames > 1:
        notes.append(f"{frames} pictures in one file, the first is read")
    return picture.convert("L" if grey else "RGB"), "; ".join(notes) or None


def _loses(opened: Image.Image, sixteen: bool) -> list[str]:
    """Return what a picture has that 8 bits of grey or RGB have not, in words."""
    lost = ["16 bits"] if sixteen or opened.mode in DEEP else []
    if opened.mode in {"RGBA", "LA", "PA"} or "transparency" in opened.info:
        lost.append("transparency")
    elif opened.mode in CONVERTED:
        lost.append(CONVERTED[opened.mode])
    return lost


def _stored_deep(opened: Image.Image) -> bool:
    """Tell whether an unread file has 16 bits a value: Pillow has no such mode in colour, where it gives 8."""
    return any(";16" in str(tile[3]) for tile in getattr(opened, "tile", []))


def _eight_bits(picture: Image.Image, *, sixteen: bool) -> Image.Image:
    values = np.asarray(picture, dtype=np.float64)
    top = 65535.0 if sixteen or values.max(initial=0.0) > 255 else 255.0
    return Image.fromarray(np.clip(np.rint(values * (255.0 / top)), 0, 255).astype(np.uint8))


def _too_large(path: str | Path, size: tuple[int, int] | None = None) -> str:
    what = "" if size is None else f" ({size[0]:,} × {size[1]:,})"
    return f"{path} has more than {MOST_PIXELS:,} pixels{what}: cut or scale it down first"
