"""A narrow auto-encoder that restores what is hidden: the picture detector's (after RIAD, Zavrtanik et al., 2021).

    x with squares hidden ──► encoder ──► a few numbers ──► decoder ──► all of x
    └ which ──────────────────┘

Restoring hidden squares teaches what belongs to what; the narrow code keeps an odd part from passing as it is. A
score sees x whole, and asks what of it did not come through, a little blurred: a stroke that is restored a pixel
off is no oddity, a stroke that is missing is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.vector import Vector
from isthmus.corruptions import Erasing
from isthmus.distances import Normal
from isthmus.networks.conv import ConvDecoder, ConvEncoder

__all__ = ["inpainting"]


class _Told(nn.Module):
    """An encoder that sees which places are hidden as one more channel; by default none."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Any) -> Tensor:
        if isinstance(x, Mapping):
            x, hidden = x["x"], x["hidden"]
        else:
            hidden = x.new_zeros(len(x), 1, *x.shape[2:])
        return self.encoder(torch.cat([x, hidden], 1))


def inpainting(shape: tuple[int, int, int], *, latent: int = 32, width: int = 16) -> AutoEncoder:
    """Return an auto-encoder of pictures (channels, height, width) in [0, 1]."""
    channels, height, wide = shape
    side = min(height, wide)
    return AutoEncoder(
        encoder=_Told(ConvEncoder((channels + 1, height, wide), latent, width=width)),
        code=Vector(),
        decoder=ConvDecoder(latent, shape, width=width),
        distance=Normal(0.5**0.5),
        corruption=Erasing([max(1, side // 7), max(1, side // 4)]),
    )
