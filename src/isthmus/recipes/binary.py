"""Semantic Hashing (Salakhutdinov & Hinton, 2009): a code of bits, to look things up by.

x + noise ──► encoder ──► bits ──► decoder ──► x̂
└─ a picture's address: the like of it differs in few bits
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.binary import Bits
from isthmus.corruptions import Corruption, GaussianNoise
from isthmus.distances import Normal
from isthmus.networks.conv import ConvDecoder, ConvEncoder
from isthmus.recipes.two_views import AnotherView, TwoViews

__all__ = ["bits", "hamming", "switched"]


def bits(
    shape: tuple[int, int, int],
    *,
    count: int = 32,
    width: int = 16,
    noise: float = 0.1,
    balance: float = 1.0,
    view: nn.Module | None = None,  # in which the encoder sees x, so that bits do not say how it lies (`two_views`)
) -> AutoEncoder:
    """Return an auto-encoder of pictures in [0, 1] whose code is bits."""
    spoil: Corruption = GaussianNoise(noise)
    return AutoEncoder(
        encoder=TwoViews(ConvEncoder(shape, count, width=width), lying=0),
        code=Bits(count, balance=balance),
        decoder=ConvDecoder(count, shape, width=width),
        distance=Normal(0.5**0.5),
        corruption=spoil if view is None else AnotherView(view, spoil),
    )


def hamming(queries: Tensor, among: Tensor) -> Tensor:
    """Return how many bits differ, (n, bits), (m, bits) booleans -> (n, m)."""
    signs, others = queries.float() * 2 - 1, among.float() * 2 - 1
    return ((queries.shape[1] - signs @ others.T) / 2).round().long()


@torch.inference_mode()
def switched(model: AutoEncoder, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return what each bit switches: the mean restored picture with it on and with it off, (bits, ...) both.

    All else of each sample's code stays as it is.
    """
    codes = model.embed(Batch(x))
    on: list[Tensor] = []
    off: list[Tensor] = []
    for bit in range(codes.shape[1]):
        for value, found in ((1.0, on), (0.0, off)):
            changed = codes.clone()
            changed[:, bit] = value
            found.append(model.decode(changed).mean(0))
    return torch.stack(on), torch.stack(off)
