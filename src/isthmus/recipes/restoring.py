"""De-noising photos: Vincent et al. (2008) with convolutions, as DnCNN and FFDNet (arXiv:1710.04026) do it.

    x + noise ──► encoder ──► features, beside the picture ──► decoder ──► x̂
    └ how much ────┘

What keeps the network from copying is the noise alone; there is no narrow place but that.
"""

from __future__ import annotations

from collections.abc import Callable

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.vector import Vector
from isthmus.corruptions import Corruption, GaussianNoise, Masking, SaltAndPepper
from isthmus.distances import Normal
from isthmus.networks.restoring import PictureEncoder, ResidualPicture

__all__ = ["SPOILERS", "restoring"]

SPOILERS: dict[str, Callable[[float], Corruption]] = {
    "gaussian": lambda level: GaussianNoise(level / 2, 1.5 * level, told=True),
    "salt-and-pepper": SaltAndPepper,
    "masking": Masking,
}


def restoring(
    channels: int, *, noise: str = "gaussian", level: float = 0.1, width: int = 64, depth: int = 6
) -> AutoEncoder:
    """Return a de-noising auto-encoder of pictures with even sides, in [0, 1]."""
    return AutoEncoder(
        encoder=PictureEncoder(channels, width, depth=depth, noise=level),
        code=Vector(),
        decoder=ResidualPicture(width, channels),
        distance=Normal(level),
        corruption=SPOILERS[noise](level),
    )
