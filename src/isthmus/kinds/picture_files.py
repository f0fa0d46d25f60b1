"""One picture file, read with distrust: PNG, JPEG or WebP in, pixels out.

What cannot be read is one clear error that names the file. What can be read after a conversion that loses something
(16 bits, a palette, CMYK, transparency) is converted, and said.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from isthmus.errors import DataError
from isthmus.files import found_below

__all__ = ["SUFFIXES", "find", "read"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
FORMATS = ("PNG", "JPEG", "WEBP")  # no decoder beyond these ever sees a file
MOST_PIXELS = 100_000_000  # of one picture; a larger one is taken for an attack, or needs cutting up first
CONVERTED = {"P": "a palette", "CMYK": "CMYK colours", "YCbCr": "YCbCr colours", "LAB": "Lab colours"}
DEEP = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}  # more than 8 bits a value


def find(folder: str | Path) -> list[Path]:
    """Return the picture files of a folder and its sub-folders, sorted by path.

    Raises
    ------
    DataError
        If there is no such folder, or no picture in it.
    """
    return found_below(folder, SUFFIXES, "pictures")


def read(path: str | Path, *, grey: bool, least: tuple[int, int] | None = None) -> tuple[Image.Image, str | None]:
    """Read one picture, upright and in 8 bits.

    Parameters
    ----------
    path : path
    grey : bool
        One channel ("L"), else three ("RGB").
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
                return _upright(path, opened, grey, least)
    except Image.DecompressionBombError:
        raise DataError(_too_large(path)) from None
    except UnidentifiedImageError:
        raise DataError(f"{path} is not a PNG, JPEG or WebP picture, whatever its name says") from None
    except DataError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        # Pillow has no class of its own for a file that ends early or lies about itself
        reason = str(error).split(" (")[0] or type(error).__name__
        raise DataError(f"{path} is cut short or damaged: {reason}") from None


def _upright(
    path: Path, opened: Image.Image, grey: bool, least: tuple[int, int] | None
) -> tuple[Image.Image, str | None]:
    if opened.width * opened.height > MOST_PIXELS:
        raise DataError(_too_large(path, opened.size))
    frames = getattr(opened, "n_frames", 1)
    if frames > 1:
        raise DataError(f"{path} is animated ({frames} frames): save the frame you mean as a picture of its own")
    converted = _loses(opened)
    if least is not None and opened.format == "JPEG":
        turned = max(least)  # EXIF may turn it by a quarter
        opened.draft(None, (turned, turned))
    picture = ImageOps.exif_transpose(opened)
    if picture.mode in DEEP:
        picture = _eight_bits(picture)
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("L" if grey else "RGB"), converted


def _loses(opened: Image.Image) -> str | None:
    if opened.mode in DEEP:
        return "16 bits"
    if opened.mode in {"RGBA", "LA", "PA"} or "transparency" in opened.info:
        return "transparency"
    return CONVERTED.get(opened.mode)


def _eight_bits(picture: Image.Image) -> Image.Image:
    values = np.asarray(picture, dtype=np.float64)
    top = 65535.0 if values.max(initial=0.0) > 255 else 255.0
    return Image.fromarray(np.clip(np.rint(values * (255.0 / top)), 0, 255).astype(np.uint8))


def _too_large(path: Path, size: tuple[int, int] | None = None) -> str:
    what = "" if size is None else f" ({size[0]:,} × {size[1]:,})"
    return f"{path} has more than {MOST_PIXELS:,} pixels{what}: cut or scale it down first"
