"""A narrow auto-encoder that restores what is hidden: the picture detector's (after RIAD, Zavrtanik et al., 2021).

    x with squares hidden ──► encoder ──► a few numbers ──► decoder ──► all of x
    └ which ──────────────────┘

Restoring hidden squares teaches what belongs to what; the narrow code keeps an odd part from passing as it is. A
score sees x whole, and asks what of it did not come through, a little blurred: a stroke that is restored a pixel
off is no oddity, a stroke that is missing is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.vector import Vector
from isthmus.corruptions import Erasing
from isthmus.distances import Normal
from isthmus.networks.mlp import Dense

__all__ = ["inpainting"]


class _Encoder(nn.Module):
    """Read a picture, and which places are hidden (by default none), as flat vectors."""

    def __init__(self, shape: tuple[int, int, int], width: int, latent: int) -> None:
        super().__init__()
        channels, height, wide = shape
        self.layers = Dense([(channels + 1) * height * wide, width, width, latent])

    def forward(self, x: Any) -> Tensor:
        if isinstance(x, Mapping):
            x, hidden = x["x"], x["hidden"]
        else:
            hidden = x.new_zeros(len(x), 1, *x.shape[2:])
        out: Tensor = self.layers(torch.cat([x, hidden], 1))
        return out


class _Decoder(nn.Module):
    def __init__(self, shape: tuple[int, int, int], width: int, latent: int) -> None:
        super().__init__()
        self.shape = shape
        self.layers = Dense([latent, width, math.prod(shape)])

    def forward(self, value: Tensor, given: Mapping[str, Tensor] | None = None) -> Tensor:
        out: Tensor = self.layers(F.silu(value)).view(-1, *self.shape)
        return out


def inpainting(shape: tuple[int, int, int], *, latent: int = 32, width: int = 512) -> AutoEncoder:
    """Return an auto-encoder of pictures (channels, height, width) in [0, 1].

    Fully connected: it knows where in a picture things belong. Convolutions of more work ranked digits worse
    (docs/log.md).
    """
    side = min(shape[1:])
    return AutoEncoder(
        encoder=_Encoder(shape, width, latent),
        code=Vector(),
        decoder=_Decoder(shape, width, latent),
        distance=Normal(0.5**0.5, bounded=True),
        corruption=Erasing([max(1, side // 7), max(1, side // 4)]),
    )
