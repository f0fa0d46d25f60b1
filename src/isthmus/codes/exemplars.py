"""A free vector, priced by how far it lies from the codes of remembered training rows.

    features ──► z ──► decoder
                 └─ rate: log(1 + d² / s) nats, d the distance to the nearest remembered code

The idea of a prior made of examples is that of the Exemplar VAE (Norouzi et al., 2020, arXiv:2004.04795); the
kernel here has the tails of a Cauchy law, so that a code far from all of them is still told from one farther.
Before anything is remembered the code is free.
"""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.code import Code
from isthmus.codes.bottleneck import Bottleneck

__all__ = ["Exemplars", "squared_distance"]

SMALLEST = 1e-9  # squared distance of a copy, where distances are multiplied


class Exemplars(Bottleneck):
    """A vector code with a memory.

    Distances are taken along the principal directions of the remembered codes, each number of a code first
    divided by its deviation.

    Parameters
    ----------
    count, width : int
        Codes to remember and numbers in each; 0 codes is a plain vector code.
    directions : int
        Principal directions to keep; few make the search fast and leave noise out.

    Attributes
    ----------
    draws : int
        Into how many samples the remembered codes are taken to fall; see `squared_distance`.
    """

    memory: Tensor
    axes: Tensor
    scale: Tensor

    def __init__(self, count: int, width: int, *, directions: int = 16) -> None:
        super().__init__()
        self.draws = 1
        self.directions = min(directions, width)
        self.register_buffer("memory", torch.zeros(count, self.directions))
        self.register_buffer("axes", torch.zeros(width, self.directions))
        self.register_buffer("scale", torch.ones(()))

    def forward(self, features: Tensor) -> Code:
        """(batch, width) -> Code of value (batch, width)."""
        free = features.new_zeros(len(features))
        rate = torch.log1p(self.departure(features) / self.scale) if len(self.memory) else free
        return Code(value=features, rate=rate, penalty=free)

    def remember(self, codes: Tensor) -> None:
        """Keep these codes, (count, width)."""
        standard = 1 / (codes.std(0, unbiased=False) + 1e-6)
        centred = (codes - codes.mean(0)) * standard
        principal = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -self.directions :]
        self.axes = standard[:, None] * principal
        self.memory = codes @ self.axes

    def departure(self, codes: Tensor, other_than: Tensor | None = None) -> Tensor:
        """Return the squared distance to the nearest remembered code, (batch,).

        `other_than` names for each code a remembered one that does not count: itself; -1 for none.
        """
        return squared_distance(codes @ self.axes, self.memory, other_than, self.draws)


def squared_distance(points: Tensor, among: Tensor, other_than: Tensor | None = None, draws: int = 1) -> Tensor:
    """Return the squared distance of each point to the nearest of others.

    With several draws the others are so many samples of equal size, in succession, and the result is the
    geometric mean of the distances to the nearest in each (Sugiyama & Borgwardt, 2013): odd rows that resemble
    each other have near neighbours among all, and hardly ever one among a few.

    (batch, width), (count, width) -> (batch,)
    """
    # |a - b|² = |a|² - 2ab + |b|²: one matrix product, and |a|² is added after the minimum.
    partial = torch.addmm(among.square().sum(1), points, among.T, alpha=-2)
    if other_than is not None:
        rows = torch.nonzero(other_than >= 0).squeeze(1)
        partial[rows, other_than[rows]] = torch.inf
    own = points.square().sum(1)
    if draws == 1:  # without the index the minimum is ten times as fast
        return (partial.amin(1) + own).clamp_(min=0)
    nearest = partial.view(len(points), draws, -1).amin(2) + own[:, None]
    return nearest.clamp_(min=SMALLEST).log_().mean(1).exp_()
