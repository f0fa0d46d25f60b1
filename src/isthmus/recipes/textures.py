"""What a picture is made of, whatever place it is at: how much of each kind of stroke it has all over.

    x ──► local codes, whitened ──► logarithms of their squares, averaged over all places ──► how far from normal

The drawing of a face has eyes and mouth where a photograph has them. It differs in being flat between its lines: in
patches that are, one by one, more usual than those of a photograph. So what counts is too little as well as too much
of any stroke. (The energies of filter responses as a description of texture: Laws, 1980; Heeger & Bergen, 1995.)
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn

from isthmus.recipes.local_codes import NormalLaws

__all__ = ["Textures"]

LEAST = 0.1  # of a square, whose usual size is 1: below it nothing is told apart


class Textures(nn.Module):
    """How unusual the mixture of strokes in a picture is, by its whitened local codes.

    Parameters
    ----------
    numbers : int
        Of a local code: the kinds of strokes.
    """

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.law = NormalLaws(1, numbers)

    def learn(self, batches: Iterable[Tensor]) -> None:
        """Take the law from what `LocalCodes.whitened` gives of normal pictures, (n, places, numbers) each."""
        self.law.learn(_energies(whitened) for whitened in batches)

    def forward(self, whitened: Tensor) -> Tensor:
        """Return squared Mahalanobis distances of the mixtures, (n, places, numbers) -> (n,)."""
        return self.law(_energies(whitened))[:, 0]


def _energies(whitened: Tensor) -> Tensor:
    """(n, places, numbers) -> (n, 1, numbers)."""
    return (whitened.square() + LEAST).log().mean(1, keepdim=True)
