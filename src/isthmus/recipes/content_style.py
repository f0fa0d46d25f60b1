"""What a picture shows, and in which hand: a split code of content and style, learned without a label.

    x ──► classes, learned before ──► one of K: content ──┐
    x ──► encoder ──► mean, deviation ──► z: style ───────┴─► decoder ──► x

The decoder is told the class, so to say it once more in the style would only cost the style's price: what is left to it
is what all classes have in common, how a thing is written. That is the second model of Kingma et al. (2014,
arXiv:1406.5298), its labels found by `onehot` instead of given. Exchange the parts of two codes, and one digit is
written in the hand of the other.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.gaussian import Gaussian
from isthmus.codes.onehot import OneHot
from isthmus.codes.split import Split
from isthmus.distances import Normal
from isthmus.networks.conv import ConvDecoder, ConvEncoder
from isthmus.recipes.onehot import Classes

__all__ = ["content_and_style"]

DEVIATION = 0.2  # of a pixel: with less the style says what the thing is, too, with more it hardly says anything


def content_and_style(
    classes: Classes,
    shape: tuple[int, int, int],
    *,
    latent: int = 8,
    width: int = 16,
) -> AutoEncoder:
    """Return the auto-encoder of pictures (channels, height, width) in [0, 1].

    Parameters
    ----------
    classes : Classes
        Which have learned from such pictures: `model_` of a fitted `Clusterer`. A copy of them becomes part of the
        model and stays as it is.
    shape : (channels, height, width)
    latent : int
        Numbers of style.
    width : int
        Channels at the picture's own size.
    """
    count = classes.code.classes
    return AutoEncoder(
        encoder=_Encoder(classes, ConvEncoder(shape, 2 * latent, width=width)),
        code=Split(content=OneHot(count), style=Gaussian(latent)),
        decoder=_Decoder(ConvDecoder(count + latent, shape, width=width)),
        distance=Normal(DEVIATION, bounded=True),
    )


class _Encoder(nn.Module):
    def __init__(self, classes: Classes, style: nn.Module) -> None:
        super().__init__()
        self.classes, self.style = copy.deepcopy(classes).requires_grad_(False), style

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"content": self.classes.logits(x), "style": self.style(x)}


class _Decoder(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, value: Mapping[str, Tensor], given: Mapping[str, Tensor] | None = None) -> Tensor:
        output: Tensor = self.network(torch.cat([value["content"], value["style"]], 1), given)
        return output
