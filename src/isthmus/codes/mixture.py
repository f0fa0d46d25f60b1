"""A law of codes, taken from the codes themselves: a mixture of normal laws.

A variational auto-encoder leaves holes: where its standard normal law has mass and no sample's code lies, the decoder
was never taught what to draw. Once it is trained, a law fitted to the codes knows where they are (two-stage VAE, Dai &
Wipf, 2019, arXiv:1903.05789; from variational to deterministic auto-encoders, Ghosh et al., 2020, arXiv:1903.12436,
section 4).
"""

from __future__ import annotations

import warnings

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

__all__ = ["Mixture"]

ROUNDS = 50  # of expectation and maximisation
LEAST = 1e-4  # variance in every direction


class Mixture(nn.Module):
    """A mixture of normal laws with full covariances.

    Parameters
    ----------
    components, width : int
    """

    weight: Tensor
    mean: Tensor
    factor: Tensor

    def __init__(self, components: int, width: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.full((components,), 1 / components))
        self.register_buffer("mean", torch.zeros(components, width))
        self.register_buffer("factor", torch.eye(width).repeat(components, 1, 1))  # of the covariances, triangular

    @classmethod
    def fitting(cls, codes: Tensor, components: int, *, seed: int = 0) -> Mixture:
        """Return the mixture of so many components that codes (N, width) are likeliest under; N > components."""
        found = GaussianMixture(components, reg_covar=LEAST, max_iter=ROUNDS, random_state=seed)
        with warnings.catch_warnings(), threadpool_limits(1):  # several threads add up in any order
            warnings.simplefilter("ignore", ConvergenceWarning)  # a law a little short of the best one is one, too
            found.fit(codes.double().numpy())
        mixture = cls(components, codes.shape[1])
        mixture.weight = torch.from_numpy(found.weights_).float()
        mixture.mean = torch.from_numpy(found.means_).float()
        mixture.factor = torch.linalg.cholesky(torch.from_numpy(found.covariances_)).float().contiguous()
        return mixture

    def log_prob(self, codes: Tensor) -> Tensor:
        """(N, width) -> nats (N,)."""
        each = MultivariateNormal(self.mean, scale_tril=self.factor, validate_args=False)
        law = MixtureSameFamily(Categorical(self.weight, validate_args=False), each, validate_args=False)
        found: Tensor = law.log_prob(codes)
        return found

    def sample(self, count: int) -> Tensor:
        """Return values, (count, width)."""
        which = torch.multinomial(self.weight, count, replacement=True)
        values = torch.randn(count, self.mean.shape[1], device=self.mean.device, dtype=self.mean.dtype)
        for component in which.unique():  # torch's own sampler draws from all of them first
            own = which == component
            values[own] = self.mean[component] + values[own] @ self.factor[component].T
        return values
