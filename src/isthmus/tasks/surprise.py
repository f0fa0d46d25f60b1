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
        self.mean, self.deviation = _law(measured)
        if count < 3:
            return self(measured)
        rows = [_law(torch.cat([measured[:at], measured[at + 1 :]])) for at in range(count)]
        means, deviations = (torch.stack(part) for part in zip(*rows, strict=True))
        return _nats((measured - means) / deviations)

    def forward(self, measured: Tensor) -> Tensor:
        """(n, kinds) -> (n, kinds) nats, 0.69 for the mean, growing as half the squared deviation."""
        return _nats((measured - self.mean) / self.deviation)


def _law(measured: Tensor) -> tuple[Tensor, Tensor]:
    return measured.mean(0), measured.std(0, correction=int(len(measured) > 1)).clamp(min=LEAST)


def _nats(z: Tensor) -> Tensor:
    return -torch.special.log_ndtr(-z)
