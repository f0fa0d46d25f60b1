"""Auto-Encoding Variational Bayes (Kingma & Welling, 2014, arXiv:1312.6114) and its kin, of pictures.

    x ──► encoder ──► mean, deviation ──► z ──► decoder ──► chance of every pixel
                              └─ rate: KL to N(0, 1)

With `draws` > 1 it is the importance-weighted auto-encoder (Burda et al., 2016, arXiv:1509.00519); with `beta` > 1
the β-VAE (Higgins et al., 2017); with `total_correlation` > 1 the β-TCVAE (Chen et al., 2018, arXiv:1802.04942).
"""

from __future__ import annotations

from typing import Any

from torch import nn

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.bottleneck import Bottleneck
from isthmus.codes.gaussian import Gaussian
from isthmus.codes.total_correlation import TotalCorrelation
from isthmus.distances import Bernoulli, Distance
from isthmus.errors import OptionError
from isthmus.networks.conv import ConvDecoder, ConvEncoder
from isthmus.objectives import importance_weighted, mean

__all__ = ["vae", "variational"]


def variational(
    encoder: nn.Module,
    decoder: nn.Module,
    *,
    latent: int = 32,  # numbers in the code; the encoder hands over twice as many
    beta: float = 1.0,
    free_nats: float = 0.0,
    draws: int = 1,
    total_correlation: float = 1.0,  # weight of the dependence between the code's numbers; with it none of the others
    total_correlation_first: float | None = None,  # its weight in the first training step, from where it falls
    falling: int = 1,  # steps until it has fallen
    distance: Distance | None = None,  # by default Bernoulli
) -> AutoEncoder:
    """Return a variational auto-encoder of any networks.

    Raises
    ------
    OptionError
        Where `total_correlation` is given with `beta`, `free_nats` or `draws`: they are not built together.
    """
    code: Bottleneck
    if total_correlation != 1.0:
        for name, value, plain in (("beta", beta, 1), ("free_nats", free_nats, 0), ("draws", draws, 1)):
            if value != plain:
                raise OptionError(f"total_correlation={total_correlation:g} goes with {name}={plain}, not {value}")
        code = TotalCorrelation(latent, weight=total_correlation, first=total_correlation_first, steps=falling)
    else:
        code = Gaussian(latent, beta=beta, free_nats=free_nats, sampled_rate=draws > 1)
    return AutoEncoder(
        encoder=encoder,
        code=code,
        decoder=decoder,
        distance=distance or Bernoulli(),
        draws=draws,
        combine=importance_weighted if draws > 1 else mean,
    )


def vae(shape: tuple[int, int, int], *, latent: int = 32, width: int = 32, **options: Any) -> AutoEncoder:
    """Return a `variational` auto-encoder of pictures (channels, height, width) in [0, 1], of so many channels."""
    encoder = ConvEncoder(shape, 2 * latent, width=width)
    return variational(encoder, ConvDecoder(latent, shape, width=width), latent=latent, **options)
