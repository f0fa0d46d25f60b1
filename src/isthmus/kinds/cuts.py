"""Small cuts of large pictures, drawn anew every time: what a network learns the look of photos from.

files, arrays ──► pictures at their own sizes ──► cuts of one size
                  in memory (arrays always), or read ahead from disk
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice, tee
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from isthmus.code import Batch
from isthmus.errors import DataError
from isthmus.kinds import picture_arrays, picture_files
from isthmus.kinds.ahead import ahead
from isthmus.kinds.images import HELD, Pictures

__all__ = ["Cuts", "numbered_pictures"]

CUTS = 4  # of a photo that is read from disk, in one batch: reading it costs more than all of them


def numbered_pictures(X: Any, *, grey: bool | None = None, skip: bool = False) -> Iterator[tuple[int, np.ndarray]]:
    """Yield pictures at their own sizes, uint8 (H, W) or (H, W, 3), each with its number.

    Parameters
    ----------
    X : folder, file, .npz or .npy file, array (N, H, W) or (N, H, W, 3), Pictures, or iterable of arrays or paths
    grey : bool, optional
        By default each as it is.
    skip : bool
        Whether to leave out files that cannot be read, with one note, instead of stopping at the first.

    Raises
    ------
    DataError
        Naming the file or the picture that cannot be used.
    """
    converted: dict[str, list[Path]] = {}
    left_out: list[DataError] = []
    count = 0
    sources, again = tee(enumerate(_each(X)))
    for (number, source), outcome in zip(again, ahead(partial(_tried, grey=grey), sources), strict=True):
        count += 1
        if isinstance(outcome, DataError):
            if not skip:
                raise outcome
            left_out.append(outcome)
            continue
        pixels, what = outcome
        if what is not None:
            converted.setdefault(what, []).append(Path(source))
        yield number, pixels
    picture_files.tell_converted(converted)
    picture_files.tell_left_out(left_out, count)
    if count and count == len(left_out):
        raise DataError(f"none of the {count} pictures could be read")


def _each(X: Any) -> Iterable[Any]:
    """Return where each picture comes from: a path, an array, one of Pillow's, or a function that gives an array."""
    if isinstance(X, Pictures) and X.pixels is not None:
        return X.arrays()
    if isinstance(X, Pictures):
        return [partial(_one_of, X, place) for place in range(len(X))]
    if isinstance(X, (str, Path)):
        path = Path(X)
        if picture_arrays.is_archive(path):
            return picture_arrays.as_array(picture_arrays.load_array(path))
        return [path] if path.is_file() else picture_files.find(path)
    if isinstance(X, (list, tuple, Iterator)) or (isinstance(X, np.ndarray) and X.dtype == object):
        return X
    return picture_arrays.as_array(X)


def _in_memory(source: Any) -> bool:
    """Whether the pixels of a picture are there without being read: Pillow may have left one of its own on disk."""
    return not isinstance(source, (str, Path, partial, Image.Image))


def _one_of(pictures: Pictures, place: int) -> np.ndarray:
    return pictures.part(torch.tensor([place])).arrays()[0]


def _tried(numbered: tuple[int, Any], *, grey: bool | None) -> tuple[np.ndarray, str | None] | DataError:
    try:
        return _read(*numbered, grey)
    except DataError as error:
        return error


def _read(number: int, source: Any, grey: bool | None) -> tuple[np.ndarray, str | None]:
    """Return a picture's pixels, and what was converted on the way."""
    if isinstance(source, (str, Path)):
        opened, what = picture_files.read(source, grey=grey)
        return np.asarray(opened), what
    pixels = source() if isinstance(source, partial) else picture_arrays.pixels_of(source, number)
    return _coloured(pixels, grey), None


def _coloured(pixels: np.ndarray, grey: bool | None) -> np.ndarray:
    """Return a picture in grey or in colour, as asked for."""
    if grey and pixels.ndim == 3 and pixels.shape[2] == 3:
        return np.rint(pixels @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    if grey is False and (pixels.ndim == 2 or pixels.shape[2] == 1):
        return pixels.reshape(*pixels.shape[:2], 1).repeat(3, 2)
    return pixels


def _colourless(pixels: np.ndarray) -> bool:
    return pixels.ndim == 2 or bool((pixels == pixels[..., :1]).all())


class Cuts:
    """Square cuts at random places of pictures, as numbers in [0, 1]; what the training loop takes samples from.

    Files of more than a gigabyte of pixels are read anew, some ahead, whenever they are cut from: then every fourth
    that a batch names, and four cuts of each. Arrays are in memory anyway and stay there as they are, however large.

    Parameters
    ----------
    X, skip : as for `numbered_pictures`
    side : int
        Of a cut, pixels; the shortest side of the pictures, where that is less. Made even: networks halve it.
    grey : bool, optional
        By default whether all pictures are.
    """

    def __init__(self, X: Any, *, side: int, grey: bool | None = None, skip: bool = False) -> None:
        everything = list(_each(X))
        self.sources: list[Any] = []
        held, size, shortest, colourless = [], 0, 0, []
        for number, pixels in numbered_pictures(everything, grey=grey, skip=skip):
            source = everything[number]
            self.sources.append(source)
            colourless.append(_colourless(pixels))
            shortest = min(shortest or side, *pixels.shape[:2])
            size += 0 if _in_memory(source) else pixels.nbytes
            held.append(np.asarray(source) if _in_memory(source) else pixels)
            if size > HELD:
                held.clear()
        if not self.sources:
            raise DataError("there are no pictures to learn from")
        if grey is None and isinstance(X, (str, Path)):
            picture_files.tell_mixed(colourless)
        self.grey = all(colourless) if grey is None else grey
        self.channels = 1 if self.grey else 3
        self.held = held if size <= HELD else None
        self.side = min(side, shortest) // 2 * 2
        if self.side < 2:
            raise DataError(
                f"cuts of {side} pixels from pictures of {shortest} are too small to learn from: 2 at least"
            )

    def __len__(self) -> int:
        return len(self.sources)

    def take(self, chunks: Iterable[Tensor]) -> Iterator[Batch]:
        """Yield a batch of cuts of the pictures named, as many as there are names."""
        each = 1 if self.held is not None else CUTS
        chunks, wanted = tee(chunks)
        places = (place for chunk in chunks for place in chunk[::each].tolist())
        pictures = map(self._picture, places) if self.held is not None else ahead(self._picture, places)
        for chunk in wanted:
            some = islice(pictures, -(-len(chunk) // each))
            cuts = torch.stack([self._cut(picture) for picture in some for _ in range(each)][: len(chunk)])
            yield Batch(cuts.permute(0, 3, 1, 2).float().div_(255))

    def _picture(self, place: int) -> np.ndarray:
        return self.held[place] if self.held is not None else _read(place, self.sources[place], self.grey)[0]

    def _cut(self, picture: np.ndarray) -> Tensor:
        top, left = (int(torch.randint(length - self.side + 1, ())) for length in picture.shape[:2])
        part = _coloured(picture[top : top + self.side, left : left + self.side], self.grey)
        cut = torch.from_numpy(np.array(part)).view(self.side, self.side, -1)
        mirrored, turned = (torch.rand(2) < 0.5).tolist()
        cut = cut.flip(1) if mirrored else cut
        larger = min(picture.shape[:2]) > self.side  # a part of a photo may lie any way, a whole digit may not
        return cut.transpose(0, 1) if turned and larger else cut
