"""Classes without labels: a one-hot code that a sample shares with its neighbours, however either is seen.

    a sample, seen anew ──► encoder ──► one of K ─┐
    a neighbour, too    ──► encoder ──► one of K ─┴─ the same one

As a description: the code of a sample is an index among K, and what is to be described with it is the index of its
neighbour, at −log of the chance that the code gives it (SCAN, Van Gansbeke et al., 2020, arXiv:2005.12320). Using the
K evenly is what makes them tell anything: mutual information, as in IMSAT (Hu et al., 2017, arXiv:1702.08720) and IIC
(Ji et al., 2019, arXiv:1807.06653). SCAN's neighbours are found by contrastive codes; ours may be those of the samples
themselves: the views make up for the few wrong ones, and the law of a neighbour leaves room for them: at some chance it
is anything, so that no wrong pair can pull hard. The model owns its few lines instead of being an `AutoEncoder`,
because its passage holds two samples at once.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.code import Batch, Code, Passage
from isthmus.codes.onehot import OneHot
from isthmus.errors import OptionError
from isthmus.players import Player

__all__ = ["Classes", "neighbour_nats", "unevenness"]


def neighbour_nats(own: Tensor, theirs: Tensor, wrong: float) -> Tensor:
    """Price the class of a neighbour by one's own, which at the chance `wrong` says nothing: (..., K) -> (...) nats."""
    alike = (own * theirs).sum(-1)
    return -torch.lerp(alike, torch.full_like(alike, 1 / own.shape[-1]), wrong).log()


def unevenness(mean: Tensor) -> Tensor:
    """Return what the classes' mean chance lacks to an even use, (..., K) -> (...) nats."""
    return math.log(mean.shape[-1]) + (mean * mean.clamp(min=1e-9).log()).sum(-1)


class Classes(nn.Module):
    """One of K, shared with one's neighbours.

    Parameters
    ----------
    encoder : module, x -> (batch, width)
    view : module
    width, classes : int
    balance : float
        Weight of the evenness of the classes.
    wrong : float
        Chance that a neighbour is of any class.
    head : module, (batch, width) -> (batch, classes) logits, optional
        By default linear.
    """

    def __init__(
        self,
        encoder: nn.Module,
        view: nn.Module,
        width: int,
        classes: int,
        *,
        balance: float = 5.0,
        wrong: float = 0.3,
        head: nn.Module | None = None,
    ) -> None:
        super().__init__()
        if not 0 < wrong < 1:
            raise OptionError(f"wrong must lie between 0 and 1, not {wrong}")
        self.encoder, self.view, self.balance, self.wrong = encoder, view, balance, wrong
        self.head = nn.Linear(width, classes) if head is None else head
        self.code = OneHot(classes)

    def logits(self, x: Tensor) -> Tensor:
        """(batch, ...) -> (batch, K)."""
        out: Tensor = self.head(F.silu(self.encoder(x)))
        return out

    def forward(self, batch: Batch) -> Passage:
        """Price the class of `given["neighbour"]` by the class of x, each seen in a view of its own.

        Where `given["class"]` tells a class, (batch,) integers, that is what x has to tell.
        """
        told, neighbour = batch.given.get("class"), batch.given.get("neighbour")
        seen = [self.view(x) for x in (batch.x, neighbour) if x is not None]
        logits = self.logits(torch.cat(seen)).float()
        chance = logits.softmax(1)
        own = chance[: len(batch)]
        theirs = chance[len(batch) :] if told is None else F.one_hot(told, chance.shape[1]).to(chance.dtype)
        nats = neighbour_nats(own, theirs, self.wrong)
        uneven = unevenness(chance.mean(0))
        code = self.code(logits[: len(batch)])
        free = torch.zeros_like(nats)
        return Passage(batch, Code(code.value, free, self.balance * uneven.expand(len(nats))), logits, nats)

    def players(self) -> list[Player]:
        """Return the one player."""
        return [
            Player("model", list(self.parameters()), lambda passage: (passage.distance + passage.code.penalty).mean())
        ]
