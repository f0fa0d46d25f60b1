"""What a picture is made of, whatever place it is at: how much of each kind of stroke it has all over.

    x ──► local codes, whitened ──► logarithms of their squares, averaged over all places ──► how far from normal

The drawing of a face has eyes and mouth where a photograph has them. It differs in being flat between its lines: in
patches that are, one by one, more usual than those of a photograph. So what counts is too little as well as too much
of any stroke. (The energies of filter responses as a description of texture: Laws, 1980; Heeger & Bergen, 1995.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from isthmus.recipes.local_codes import LocalCodes, NormalLaws

__all__ = ["Textures"]

LEAST = 0.1  # of a square, whose usual size is 1: below it nothing is told apart
AT_ONCE = 64  # pictures


class Textures(nn.Module):
    """How unusual the mixture of strokes in a picture is.

    Parameters
    ----------
    shape : (channels, height, width)
    numbers : int
        Kinds of strokes; see `fitting`.
    patch : int
        Side of a stroke, pixels.
    """

    def __init__(self, shape: tuple[int, int, int], numbers: int, *, patch: int) -> None:
        super().__init__()
        self.strokes = LocalCodes(shape, numbers, patch=patch)
        self.law = NormalLaws(1, numbers)

    @property
    def numbers(self) -> int:
        """Kinds of strokes."""
        return self.strokes.numbers

    @classmethod
    def fitting(cls, count: int, batches: Callable[[], Iterator[Tensor]], *, patch: int) -> Textures:
        """Learn from normal pictures; parameters are those of `LocalCodes.fitting`."""
        strokes = LocalCodes.fitting(count, batches, patch=patch)
        textures = cls(strokes.shape, strokes.numbers, patch=patch)
        textures.strokes = strokes
        textures.law.learn(textures._energies(batch)[:, None] for batch in batches())
        return textures

    def forward(self, x: Tensor) -> Tensor:
        """Return squared Mahalanobis distances of the mixtures, (n, C, H, W) -> (n,)."""
        return self.law(self._energies(x)[:, None])[:, 0]

    def _energies(self, x: Tensor) -> Tensor:
        """(n, C, H, W) -> (n, numbers)."""
        return torch.cat([(self.strokes.whitened(part).square() + LEAST).log().mean(1) for part in x.split(AT_ONCE)])
