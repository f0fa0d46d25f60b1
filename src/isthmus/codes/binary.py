"""Bits, drawn by chance, the gradient passed straight through (Bengio et al., 2013, arXiv:1308.3432, section 4).

features ──► chance of each bit ──► 0 or 1 ──► decoder
                  └─ rate: log 2 a bit
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from isthmus.code import Code
from isthmus.codes.bottleneck import Bottleneck

__all__ = ["Bits"]


class Bits(Bottleneck):
    """Stochastic bits; in evaluation the likelier value of each.

    Parameters
    ----------
    width : int
        Bits in a code.
    balance : float
        Weight of the balance in training: every bit on for half of a batch, and no two bits alike, so that none
        is wasted (the aims of spectral hashing, Weiss et al., 2009). A penalty, never part of a score.
    """

    def __init__(self, width: int, *, balance: float = 0.0) -> None:
        super().__init__()
        self.width, self.balance = width, balance
        self._origin: Tensor
        self.register_buffer("_origin", torch.zeros(width), persistent=False)

    def forward(self, features: Tensor) -> Code:
        """(batch, width) logits -> Code of value (batch, width) in {0, 1}; the symbols are booleans."""
        chance = features.sigmoid()
        drawn = torch.bernoulli(chance) if self.training else (features > 0).to(features.dtype)
        value = drawn + (chance - chance.detach())
        rate = features.new_full((len(features),), self.width * math.log(2))
        return Code(value, rate, self._imbalance(chance), symbols=drawn.bool())

    def centre(self, features: Tensor) -> Tensor:
        """(batch, width) logits -> the likelier bits."""
        return (features > 0).to(features.dtype)

    def sample(self, count: int) -> Tensor:
        """Return fair coin tosses, (count, width)."""
        return torch.bernoulli(torch.full((count, self.width), 0.5, device=self._origin.device))

    def value_of(self, symbols: Tensor) -> Tensor:
        """(batch, width) booleans -> (batch, width) in {0, 1}."""
        return symbols.to(self._origin.dtype)

    def _imbalance(self, chance: Tensor) -> Tensor:
        if not self.balance:
            return chance.new_zeros(len(chance))
        signs = 2 * chance - 1
        together = signs.T @ signs / len(signs)
        off = together - torch.diag(torch.diagonal(together))
        uneven = signs.mean(0).square().sum() + off.square().sum() / self.width
        return self.balance * uneven.expand(len(chance))
