"""How surprising a measurement is, by what it was on pictures that nothing learned from.

    measurements of left-out normal pictures ──► mean, deviation ──► nats of being so far above: -log P(Z > z)

Nats of several kinds of measurement can be added (Fisher's method) or the largest taken.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Surprise"]

LEAST = 1e-6  # deviation


class Surprise(nn.Module):
    """Nats of measurements under a normal law of each kind.

    Parameters
    ----------
    kinds : int
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, kinds: int) -> None:
        super().__init__()
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
        return _nats((around - means) / variances.sqrt()).to(measured)

    def forward(self, measured: Tensor) -> Tensor:
        """(n, kinds) -> (n, kinds) nats, 0.69 for the mean, growing as half the squared deviation."""
        return _nats((measured - self.mean) / self.deviation)


def _nats(z: Tensor) -> Tensor:
    return -torch.special.log_ndtr(-z)
