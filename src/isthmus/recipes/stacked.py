"""Stacked denoising auto-encoders: layer upon layer (Vincent et al., 2008, section 3.1; 2010, JMLR 11, section 3.5).

    x + noise ──► layer 1 ──► x̂        then   h₁ = layer 1 of clean x,  h₁ + noise ──► layer 2 ──► ĥ₁        and so on

Each layer first learns, with transposed weights, to restore what the one below says. The stack then starts a deep
auto-encoder, as restricted Boltzmann machines do in `hinton2006.pretrain`, but by the loop that trains everything.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.vector import Vector
from isthmus.corruptions import Corruption, Masking
from isthmus.distances import Bernoulli
from isthmus.recipes.hinton2006 import Unrolled
from isthmus.training.loop import train
from isthmus.training.settings import Settings

__all__ = ["layer_of", "pretrain"]


def layer_of(visible: int, hidden: int, *, corruption: Corruption | None = None, bounded: bool = True) -> AutoEncoder:
    """Return a denoising auto-encoder of one layer of numbers in [0, 1]; its weights are tied.

    Parameters
    ----------
    visible, hidden : int
    corruption : Corruption, optional
        By default a quarter of the numbers is hidden (2008, section 4).
    bounded : bool
        Whether the hidden units are sigmoid; otherwise linear.
    """
    encoder = nn.Sequential(nn.Linear(visible, hidden), *([nn.Sigmoid()] if bounded else []))
    return AutoEncoder(
        encoder=encoder,
        code=Vector(),
        decoder=Unrolled(encoder, tied=True, activation=nn.Identity),
        distance=Bernoulli(),
        corruption=corruption or Masking(0.25),
    )


def pretrain(
    model: AutoEncoder, x: Tensor, *, corruption: Corruption | None = None, settings: Settings | None = None
) -> list[float]:
    """Start the layers of `hinton2006.deep(activation=nn.Sigmoid)`, one on the other.

    Parameters
    ----------
    model : AutoEncoder
        Of `deep`, with sigmoid units; the last layer's are linear.
    x : tensor (rows, features) in [0, 1]
    corruption : Corruption, optional
        As for `layer_of`.
    settings : Settings, optional
        Of every layer.

    Returns
    -------
    list of float
        Each layer's loss at the end of its training, nats.
    """
    decoder = model.decoder
    assert isinstance(decoder, Unrolled)
    layers, losses = decoder.below(), []
    for depth, layer in enumerate(layers):
        last = depth == len(layers) - 1
        one = layer_of(layer.in_features, layer.out_features, corruption=corruption, bounded=not last)
        history = train(one, Batch(x), settings=settings or Settings(steps=2000, batch_size=128))
        losses.append(history.points[-1].losses["model"])
        restoring = one.decoder
        assert isinstance(restoring, Unrolled)
        with torch.no_grad():
            (own,), back = restoring.below(), len(layers) - 1 - depth
            layer.weight.copy_(own.weight)
            layer.bias.copy_(own.bias)
            decoder.biases[back].copy_(restoring.biases[0])
            if not decoder.tied:
                decoder.weights[back].copy_(own.weight.T)
            x = cast("Tensor", one.eval().embed(Batch(x)))
    return losses
