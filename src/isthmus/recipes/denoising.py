"""Extracting and Composing Robust Features with Denoising Auto-encoders (Vincent et al., 2008).

    x + noise ──► tanh layer ──► tanh layer ──► linear ──► x̂
    └ how much       └── z ──────────┘

We depart from the paper in three ways: the noise is Gaussian, its deviation drawn anew for every row between two
bounds and told to the encoder (so one network knows the way back from near and from far, as in DDAE,
arXiv:2508.00758); the code is every hidden unit, wider than x, since noise and not width is what keeps it from
copying; the layers are trained together.
"""

from __future__ import annotations

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.vector import Vector
from isthmus.corruptions import GaussianNoise
from isthmus.distances import Normal
from isthmus.networks.mlp import LastLayerDecoder, LayeredEncoder
from isthmus.objectives import mean, trimmed

__all__ = ["denoising"]


def denoising(
    features: int,
    *,
    width: int = 256,  # of each hidden layer
    low: float = 0.05,  # least deviation of the noise, in deviations of x
    high: float = 2.0,  # greatest; beyond it rows lose what sets them apart
    trim: float = 0.0,  # share of the rows of a batch that do not teach: those it restores worst
) -> AutoEncoder:
    """Return a denoising auto-encoder of flat, standardised vectors."""
    return AutoEncoder(
        encoder=LayeredEncoder(features, width),
        code=Vector(),
        decoder=LastLayerDecoder(width, features),
        distance=Normal(),
        corruption=GaussianNoise(low, high, told=True),
        combine=trimmed(trim) if trim else mean,
    )
