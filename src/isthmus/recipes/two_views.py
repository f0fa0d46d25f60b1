"""Codes that hold what a thing is beside how it happens to lie: one auto-encoder that sees everything twice.

    x                    ──► encoder ──► some numbers: how it lies ──┐
    x turned and slanted ──► encoder ──► the others: what it is ─────┴─► decoder ──► x

The others cannot know how x lay before it was turned, so they need not hold it, and come to say what stays: what is
to be classified, found and grouped. That is a denoising auto-encoder (Vincent et al., 2008) whose noise is the view,
with a code split as in voice conversion; the invariance is that of contrastive learning (SimCLR, arXiv:2002.05709),
with no negatives to collapse without, since x is still to be restored.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.vector import Vector
from isthmus.corruptions import Corruption
from isthmus.distances import Distance

__all__ = ["AnotherView", "TwoViews", "two_views"]


class AnotherView(Corruption):
    """Show x as it is and in another view, both spoiled: {"x": ..., "seen": ...}; every place counts.

    Parameters
    ----------
    view : module, x -> x
    spoil : Corruption
    """

    def __init__(self, view: nn.Module, spoil: Corruption) -> None:
        super().__init__()
        self.view, self.spoil = view, spoil

    def forward(self, x: Tensor) -> tuple[dict[str, Tensor], None]:
        """Return both, shaped as x."""
        return {"x": self.spoil(x)[0], "seen": self.spoil(self.view(x))[0]}, None


class TwoViews(nn.Module):
    """Take the first numbers of a code from x, and the others from its other view; without one, all from x.

    Parameters
    ----------
    encoder : module, x -> (batch, numbers)
    lying : int
        How many numbers are the first.
    """

    def __init__(self, encoder: nn.Module, lying: int) -> None:
        super().__init__()
        self.encoder, self.lying = encoder, lying

    def forward(self, x: Any) -> Tensor:
        """X, or both views -> (batch, numbers)."""
        if isinstance(x, Tensor):
            whole: Tensor = self.encoder(x)
            return whole
        if not self.lying:
            only: Tensor = self.encoder(x["seen"])
            return only
        own, seen = self.encoder(torch.cat([x["x"], x["seen"]])).chunk(2)
        return torch.cat([own[:, : self.lying], seen[:, self.lying :]], 1)


def two_views(
    encoder: nn.Module,
    decoder: nn.Module,
    view: nn.Module,
    *,
    distance: Distance,
    spoil: Corruption,
    lying: int = 8,  # numbers of 32; half as many do as well, four times as many hold what a thing is, too
) -> AutoEncoder:
    """Return the auto-encoder of any networks."""
    return AutoEncoder(
        encoder=TwoViews(encoder, lying),
        code=Vector(),
        decoder=decoder,
        distance=distance,
        corruption=AnotherView(view, spoil),
    )
