"""Extracting and Composing Robust Features with Denoising Auto-encoders (Vincent et al., 2008).

    x + noise ──► tanh layer ──► tanh layer ──► linear ──► x̂
    └ how much       └── z ──────────┘

We depart from the paper in three ways: the noise is Gaussian, its deviation drawn anew for every row between two
bounds and told to the encoder (so one network knows the way back from near and from far, as in DDAE,
arXiv:2508.00758); the code is every hidden unit, wider than x, since noise and not width is what keeps it from
copying; the layers are trained together.
"""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.vector import Vector
from isthmus.corruptions import GaussianNoise
from isthmus.distances import Normal
from isthmus.networks.mlp import LastLayerDecoder, LayeredEncoder
from isthmus.objectives import mean, trimmed

__all__ = ["denoising", "restorable_noise", "restored_share"]

LOW, HIGH = 0.05, 2.0  # deviations of the noise, in deviations of x; beyond the highest rows lose what sets them apart
RESTORED = 0.96  # share of the variance
HALVINGS = 8  # of the ratio of HIGH to LOW


def denoising(
    features: int,
    *,
    width: int = 256,  # of each hidden layer
    low: float = LOW,
    high: float = HIGH,
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


@torch.inference_mode()
def restorable_noise(model: AutoEncoder, x: Tensor, *, share: float = RESTORED) -> float:
    """Return the greatest deviation of noise that the auto-encoder can take away again, (rows, features) -> float.

    That is where it restores this share of the variance of rows that it did not learn from. Columns that say much
    about each other bear a noise that drowns columns that do not: to name one deviation for all tables would look
    at some of them too closely and at others from too far.
    """
    noise = torch.randn_like(x)
    least = (1 - share) * x.square().sum()

    def lost(deviation: float) -> Tensor:
        seen = {"x": x + deviation * noise, "noise": x.new_full((len(x), 1), deviation)}
        return (model.decode(model.encoder(seen)) - x).square().sum()

    low, high = LOW, HIGH
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if lost(middle) < least else (low, middle)
    return low


@torch.inference_mode()
def restored_share(model: AutoEncoder, x: Tensor) -> float:
    """Return the share of the variance of rows that is restored, (rows, features) -> float, at most 1."""
    lost, all_ = (model.reconstruct(Batch(x)) - x).square().sum(), x.square().sum()
    return float(1 - lost / all_) if all_ > 0 else 1.0
