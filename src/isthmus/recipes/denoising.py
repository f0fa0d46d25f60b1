"""Extracting and Composing Robust Features with Denoising Auto-encoders (Vincent et al., 2008).

    x + noise ──► encoder ──► z ──► decoder ──► x̂
                              └─ rate: free in training; later, how far z lies from remembered codes

We depart from the paper in three ways: the noise is Gaussian, its deviation drawn anew for every row between
two bounds (so one network knows the way back from near and from far, as in DDAE, arXiv:2508.00758); the code is
wider than x, since noise and not width is what keeps it from copying; the networks are residual.
"""

from __future__ import annotations

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.exemplars import Exemplars
from isthmus.corruptions import GaussianNoise
from isthmus.distances import Normal
from isthmus.networks.mlp import ResidualDecoder, ResidualEncoder
from isthmus.objectives import mean, trimmed

__all__ = ["denoising"]


def denoising(
    features: int,
    *,
    width: int = 128,  # of the hidden layers and the code
    blocks: int = 1,  # residual blocks on each side
    low: float = 0.05,  # least deviation of the noise, in deviations of x
    high: float = 1.0,  # greatest; beyond it rows lose what sets them apart
    exemplars: int = 0,  # codes to remember after training
    trim: float = 0.0,  # share of the rows of a batch that do not teach: those it restores worst
) -> AutoEncoder:
    """Return a denoising auto-encoder of flat, standardised vectors."""
    return AutoEncoder(
        encoder=ResidualEncoder(features, width, blocks=blocks),
        code=Exemplars(exemplars, width),
        decoder=ResidualDecoder(width, features, blocks=blocks),
        distance=Normal(),
        corruption=GaussianNoise(low, high),
        combine=trimmed(trim) if trim else mean,
    )
