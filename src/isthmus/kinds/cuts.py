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
from isthmus.kinds import picture_files

__all__ = ["Cuts", "whole_pictures"]


def whole_pictures(X: Any, *, grey: bool | None = None) -> Iterator[np.ndarray]:
    """Yield pictures at their own sizes, uint8 (H, W) or (H, W, 3).

    Parameters
    ----------
    X : folder, file, array (N, H, W) or (N, H, W, 3), or iterable of arrays (H, W) or (H, W, 3)
    grey : bool, optional
        By default each as it is: grey where its three channels are the same.

    Raises
    ------
    DataError
        Naming the file or the picture that cannot be used.
    """
    if isinstance(X, (str, Path)):
        for path in [Path(X)] if Path(X).is_file() else picture_files.find(X):
            picture, _ = picture_files.read(path, grey=bool(grey))
            pixels = np.asarray(picture)
            colourless = grey is None and bool((pixels == pixels[..., :1]).all())
            yield pixels[..., 0] if colourless else pixels
        return
    for number, pixels in enumerate(X):
        pixels = np.asarray(pixels)
        if pixels.dtype != np.uint8 or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
            raise DataError(f"picture {number} must be uint8 (H, W) or (H, W, 3), not {pixels.dtype} {pixels.shape}")
        if 0 in pixels.shape:
            raise DataError(f"picture {number} has no pixels: {pixels.shape}")
        if grey and pixels.ndim == 3:
            pixels = np.rint(pixels @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
        elif grey is False and pixels.ndim == 2:
            pixels = pixels[..., None].repeat(3, 2)
        yield pixels


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
        if len({picture.ndim for picture in pictures}) > 1:
            pictures = [picture[..., None].repeat(3, 2) if picture.ndim == 2 else picture for picture in pictures]
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
