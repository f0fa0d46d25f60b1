"""Small cuts of large pictures, drawn anew every time: what a network learns the look of photos from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.code import Batch
from isthmus.errors import DataError
from isthmus.kinds import picture_arrays, picture_files

__all__ = ["Cuts", "whole_pictures"]


def whole_pictures(X: Any, *, grey: bool | None = None) -> Iterator[np.ndarray]:
    """Yield pictures at their own sizes, uint8 (H, W) or (H, W, 3).

    Parameters
    ----------
    X : folder, file, .npz or .npy file, array (N, H, W) or (N, H, W, 3), or iterable of arrays or paths
    grey : bool, optional
        By default each as it is.

    Raises
    ------
    DataError
        Naming the file or the picture that cannot be used.
    """
    converted: dict[str, list[Path]] = {}
    for number, picture in enumerate(_each(X)):
        if isinstance(picture, (str, Path)):
            opened, what = picture_files.read(picture, grey=grey)
            if what is not None:
                converted.setdefault(what, []).append(Path(picture))
            yield np.asarray(opened)
        else:
            yield _coloured(picture_arrays.pixels_of(picture, number), grey)
    picture_files.tell_converted(converted)


def _each(X: Any) -> Iterable[Any]:
    if isinstance(X, (str, Path)):
        path = Path(X)
        if picture_arrays.is_archive(path):
            return picture_arrays.as_array(picture_arrays.load_array(path))
        return [path] if path.is_file() else picture_files.find(path)
    if isinstance(X, (list, tuple, Iterator)) or (isinstance(X, np.ndarray) and X.dtype == object):
        return X
    return picture_arrays.as_array(X)


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

    Parameters
    ----------
    X : as for `whole_pictures`
    side : int
        Of a cut, pixels; the shortest side of the pictures, where that is less. Made even: networks halve it.
    grey : bool, optional
        By default whether all pictures are.
    """

    def __init__(self, X: Any, *, side: int, grey: bool | None = None) -> None:
        pictures = list(whole_pictures(X, grey=grey))
        if not pictures:
            raise DataError("there are no pictures to learn from")
        if grey is None:
            grey = all(map(_colourless, pictures))
            pictures = [_coloured(picture, grey) for picture in pictures]
        self.pictures = [torch.from_numpy(np.array(picture)).view(*picture.shape[:2], -1) for picture in pictures]
        self.channels = self.pictures[0].shape[2]
        shortest = min(min(picture.shape[:2]) for picture in self.pictures)
        self.side = min(side, shortest) // 2 * 2
        if self.side < 2:
            raise DataError(
                f"cuts of {side} pixels from pictures of {shortest} are too small to learn from: 2 at least"
            )

    def __len__(self) -> int:
        return len(self.pictures)

    def take(self, chunks: Iterable[Tensor]) -> Iterator[Batch]:
        """Yield a batch of cuts, one of each picture named."""
        for chunk in chunks:
            cuts = torch.stack([self._cut(self.pictures[place]) for place in chunk.tolist()])
            yield Batch(cuts.permute(0, 3, 1, 2).float().div_(255))

    def _cut(self, picture: Tensor) -> Tensor:
        top, left = (int(torch.randint(length - self.side + 1, ())) for length in picture.shape[:2])
        cut = picture[top : top + self.side, left : left + self.side]
        mirrored, turned = (torch.rand(2) < 0.5).tolist()
        cut = cut.flip(1) if mirrored else cut
        part = min(picture.shape[:2]) > self.side  # a part of a photo may lie any way, a whole digit may not
        return cut.transpose(0, 1) if turned and part else cut
