"""How surprising a measurement is, by what it was on pictures that nothing learned from.

    measurements of left-out normal pictures ──► mean, deviation ──► nats of being so far above: -log P(Z > z)

A mean over many places has a normal law, the largest of many a Gumbel law (Fisher & Tippett, 1928), by which being far
above is much less of a surprise. Nats of several kinds of measurement can be added (Fisher's method) or the largest
taken.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["Surprise"]

LEAST = 1e-6  # deviation
EULER = 0.5772156649015329  # mean of the standard Gumbel law, whose deviation is π / √6
FAR = 15.0  # in that law, from where minus the log chance of being above is the way itself


class Surprise(nn.Module):
    """Nats of measurements under a law of each kind.

    Parameters
    ----------
    kinds : int
    largest : int
        How many of them, the last ones, are each the largest of many; the others are means.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, kinds: int, *, largest: int = 0) -> None:
        super().__init__()
        self.means = kinds - largest
        self.register_buffer("mean", torch.zeros(kinds))
        self.register_buffer("deviation", torch.ones(kinds))

    def learn(self, measured: Tensor) -> Tensor:
        """Take the laws from (n, kinds), and return each row's own nats by the laws of all other rows.

        The others', since a new picture is no part of the law that it is measured by either.
        """
        count = len(measured)
        self.mean = measured.mean(0)
        self.deviation = measured.std(0, correction=int(count > 1)).clamp(min=LEAST)
        if count < 3:
            return self(measured)
        around = (measured - self.mean).double()
        means = -around / (count - 1)  # of all other rows
        squares = around.square().sum(0) - around.square()
        variances = ((squares - (count - 1) * means.square()) / (count - 2)).clamp(min=LEAST**2)
        return self._nats((around - means) / variances.sqrt()).to(measured)

    def forward(self, measured: Tensor) -> Tensor:
        """(n, kinds) -> (n, kinds) nats, growing as half the squared deviation, for the largest as the deviation."""
        return self._nats((measured - self.mean) / self.deviation)

    def _nats(self, z: Tensor) -> Tensor:
        mean, largest = z[:, : self.means], z[:, self.means :]
        return torch.cat([-torch.special.log_ndtr(-mean), _gumbel(largest * math.pi / math.sqrt(6) + EULER)], 1)


def _gumbel(x: Tensor) -> Tensor:
    """Return minus the log chance of a standard Gumbel number to lie above."""
    near = x.clamp(max=FAR)
    return torch.where(x > FAR, x, -(-torch.expm1(-torch.exp(-near))).log())
