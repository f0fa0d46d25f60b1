"""Auto-Encoding Variational Bayes (Kingma & Welling, 2014, arXiv:1312.6114).

features ──► mean, log-variance ──► z = mean + deviation · noise ──► decoder
                     └─ rate: KL(q(z|x) ‖ N(0, 1)) nats
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from isthmus.code import Code
from isthmus.codes.bottleneck import Bottleneck
from isthmus.codes.mixture import Mixture

__all__ = ["Gaussian"]


class Gaussian(Bottleneck):
    """A noisy vector whose price is its divergence from a standard normal, or from a law put in its place.

    The value is drawn in evaluation too: the mean of q would restore better than a code of this rate
    honestly can, and the description length would fall below the source's entropy. `centre` gives the mean.

    Parameters
    ----------
    width : int
        Numbers in a code; the features must be twice as wide, (batch, 2 * width).
    sampled_rate : bool
        The rate as log q(z|x) - log p(z) of the very draw, which the importance-weighted bound needs;
        otherwise the analytic divergence (paper, appendix B).
    beta : float
        Weight of the rate in training (Higgins et al., 2017). The excess is a penalty, never part of a score.
    free_nats : float
        Nats of a row's whole code that training does not press it below. The paper (Kingma et al., 2016,
        arXiv:1606.04934, appendix C.8) does so for each number, or group of them, by its mean over the batch.

    Attributes
    ----------
    prior : Mixture or None
        What the rate is measured against and samples are drawn from; None is the standard normal law, the only one
        whose divergence has a formula: against another the rate is that of the very draw.
    """

    def __init__(self, width: int, *, sampled_rate: bool = False, beta: float = 1.0, free_nats: float = 0.0) -> None:
        super().__init__()
        self.width, self.sampled_rate, self.beta, self.free_nats = width, sampled_rate, beta, free_nats
        self.prior: Mixture | None = None
        self._origin: Tensor
        self.register_buffer("_origin", torch.zeros(width), persistent=False)  # device and dtype of a sample

    def forward(self, features: Tensor) -> Code:
        """(batch, 2 * width) -> Code of value (batch, width)."""
        mean, log_variance = self._moments(features)
        noise = torch.randn_like(mean)
        z = mean + (0.5 * log_variance).exp() * noise
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
        rate = divergence
        if self.prior is not None:
            rate = -0.5 * (noise.square() + log_variance + math.log(2 * math.pi)).sum(1) - self.prior.log_prob(z)
        elif self.sampled_rate:
            rate = 0.5 * (z.square() - noise.square() - log_variance).sum(1)
        penalty = (self.beta - 1) * divergence + (self.free_nats - divergence).clamp(min=0)
        return Code(value=z, rate=rate, penalty=penalty)

    def centre(self, features: Tensor) -> Tensor:
        """(batch, 2 * width) -> the mean, (batch, width)."""
        return self._moments(features)[0]

    def sample(self, count: int) -> Tensor:
        """Return values of the prior, (count, width)."""
        if self.prior is not None:
            return self.prior.sample(count)
        return torch.randn(count, self.width, device=self._origin.device, dtype=self._origin.dtype)

    def _moments(self, features: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = features.float().chunk(2, dim=1)  # the code is exact where networks are not
        return mean, log_variance.clamp(-20, 20)  # exp of either end is still a finite float32
