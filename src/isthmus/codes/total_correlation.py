"""Isolating Sources of Disentanglement in VAEs (Chen et al., 2018, arXiv:1802.04942).

rate      KL(q(z|x) ‖ p(z)), as in any Gaussian code
penalty   (weight − 1) · total correlation of the aggregate q(z): log q(z) − Σ log q(zⱼ)

To turn the code changes neither the rate nor, with a linear first layer, what the decoder can do; only the total
correlation says which way its numbers should lie, and halfway between two ways it hardly pulls. So it may weigh more at
first: a code that begins slantwise is turned before it has settled.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from isthmus.code import Code
from isthmus.codes.gaussian import Gaussian

__all__ = ["TotalCorrelation"]


class TotalCorrelation(Gaussian):
    """A Gaussian code whose numbers are pressed to be independent over the data.

    Parameters
    ----------
    width : int
    weight : float
        The paper's β, of the total correlation (equation 4 with α = γ = 1), estimated by the batch (appendix C.1,
        without the size of the training set, which only adds a constant).
    first : float, optional
        The weight of the first training step, from where it falls in a straight line; by default `weight`.
    steps : int
        Training steps until it has fallen.
    """

    passed: Tensor

    def __init__(self, width: int, *, weight: float, first: float | None = None, steps: int = 1) -> None:
        super().__init__(width)
        self.weight, self.first, self.steps = weight, weight if first is None else first, steps
        self.register_buffer("passed", torch.zeros(()))  # training steps, kept with the weights: a run may be resumed

    def forward(self, features: Tensor) -> Code:
        """(batch, 2 * width) -> Code of value (batch, width)."""
        code = super().forward(features)
        if not self.training:
            return code
        mean, log_variance = self._moments(features)
        weight = self.weight + (self.first - self.weight) * (1 - self.passed / self.steps).clamp(min=0)
        self.passed += 1
        return Code(code.value, code.rate, (weight - 1) * self._estimate(code.value, mean, log_variance))

    def _estimate(self, z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Return log q(z) − Σ log q(zⱼ) of every row, by the other rows of the batch: -> (batch,)."""
        apart = z[:, None] - mean[None]
        log_q = -0.5 * (apart.square() * (-log_variance).exp()[None] + log_variance[None] + math.log(2 * math.pi))
        log_size = math.log(len(z))
        joint = torch.logsumexp(log_q.sum(2), 1) - log_size
        each = torch.logsumexp(log_q, 1) - log_size
        return joint - each.sum(1)
