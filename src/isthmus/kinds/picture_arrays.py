"""Pictures that are already numbers: an array, a list of arrays or of Pillow's pictures, an .npz or .npy file."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from isthmus.errors import DataError, SchemaWarning
from isthmus.kinds import picture_files

__all__ = ["SUFFIXES", "are_arrays", "as_array", "is_archive", "load_array", "pixels_of"]

SUFFIXES = {".npz", ".npy"}
LARGEST_ARCHIVE = 8 * 2**30  # bytes that an .npz may unpack to


def are_arrays(X: Any) -> bool:
    """Tell pictures from the rows of a table: three dimensions or more, or a list of things of two or more."""
    return getattr(X, "ndim", 0) >= 3 or _listed(X) is not None


def as_array(X: Any) -> np.ndarray:
    """Return pictures of one size as uint8 (N, H, W) or (N, H, W, 3).

    Raises
    ------
    DataError
        Saying what is wrong with them, and what to give instead.
    """
    listed = _listed(X)
    if listed is not None:
        pictures = [pixels_of(picture, number) for number, picture in enumerate(listed)]
        for number, picture in enumerate(pictures):
            if picture.shape != pictures[0].shape:
                raise DataError(
                    f"picture {number} is {picture.shape}, picture 0 is {pictures[0].shape}: the pictures of a list "
                    "are of one size; those of a folder are brought to one"
                )
        X = np.stack(pictures)
    array = np.asarray(X)
    if array.ndim == 0:
        raise DataError(f"pictures come as a folder, a file, a uint8 array or a list of arrays, not {type(X).__name__}")
    _check_numbers(array, "pictures as an array are")
    if not (array.ndim == 3 or (array.ndim == 4 and array.shape[3] in (1, 3))):
        one = array.ndim == 2
        raise DataError(
            f"pictures as an array are (N, H, W) or (N, H, W, 3), not {array.shape}" + (": give x[None]" if one else "")
        )
    if 0 in array.shape:
        raise DataError(f"there is no picture in an array of shape {array.shape}")
    return array


def pixels_of(picture: Any, number: int) -> np.ndarray:
    """Return one picture of a list as uint8 (H, W) or (H, W, 3).

    Raises
    ------
    DataError
        Naming the picture by its number.
    """
    name = f"picture {number}"
    if isinstance(picture, Image.Image):
        return np.asarray(picture_files.upright(name, picture, grey=None)[0])
    pixels = np.asarray(picture)
    _check_numbers(pixels, f"{name} must be")
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (1, 3))):
        raise DataError(f"{name} must be uint8 (H, W) or (H, W, 3), not {pixels.dtype} {pixels.shape}")
    if 0 in pixels.shape:
        raise DataError(f"{name} has no pixels: {pixels.shape}")
    return pixels


def is_archive(path: Path) -> bool:
    """Tell whether a path names an .npz or .npy file, there or not."""
    return path.suffix.lower() in SUFFIXES and not path.is_dir()


def load_array(path: Path) -> np.ndarray:
    """Return the pictures of an .npz or .npy file; of several arrays of pictures in one, the first, with a note.

    Raises
    ------
    DataError
        Naming the file that cannot be read or holds no pictures.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if sum(part.file_size for part in archive.infolist()) > LARGEST_ARCHIVE:
                    raise DataError(
                        f"{path} unpacks to more than {LARGEST_ARCHIVE >> 30} GiB: use a folder of pictures"
                    )
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            first, names = _first_of(loaded)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} cannot be read as an array of pictures: {str(error).splitlines()[0]}") from None
    if first is None:
        raise DataError(f"{path} holds no uint8 array of shape (N, H, W) or (N, H, W, 3)")
    if len(names) > 1:
        others = ", ".join(names[1:])
        warnings.warn(f"{path}: its array {names[0]!r} is read, and not {others}", SchemaWarning, stacklevel=3)
    return first


def _first_of(arrays: Mapping[str, np.ndarray]) -> tuple[np.ndarray | None, list[str]]:
    """Return the first array of pictures, and the names of all of them."""
    first, names = None, []
    for name in arrays:
        try:
            array = arrays[name]
        except ValueError:  # of objects, which are never read
            if first is None:
                raise
            continue
        if array.ndim in (3, 4) and array.dtype == np.uint8:
            first = array if first is None else first
            names.append(name)
    return first, names


def _listed(X: Any) -> Sequence[Any] | None:
    """Return the pictures of a list, a tuple or an array of objects; None for anything else."""
    several = isinstance(X, (list, tuple)) or (isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1)
    if not several or len(X) == 0:
        return None
    return X if isinstance(X[0], Image.Image) or getattr(X[0], "ndim", 0) >= 2 else None


def _check_numbers(array: np.ndarray, what: str) -> None:
    if array.dtype != np.uint8:
        scaled = array.dtype.kind == "f"
        advice = "; for numbers from 0 to 1: np.round(x * 255).astype(np.uint8)" if scaled else ""
        raise DataError(f"{what} uint8 (0 to 255), not {array.dtype}{advice}")
