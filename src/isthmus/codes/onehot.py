"""One of K: a class, without labels. Drawn by Gumbel noise, the gradient that of the softmax.

features ──► chance of each class ──► one-hot ──► decoder
                 └─ rate: KL to an even choice among the K
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from isthmus.code import Code
from isthmus.codes.bottleneck import Bottleneck

__all__ = ["OneHot"]


class OneHot(Bottleneck):
    """A categorical code (Jang et al., 2017, arXiv:1611.01144, the straight-through estimator).

    The class is drawn in evaluation too: the likeliest one would restore better than a code of this rate honestly can,
    and the description length would fall below the source's entropy. `centre` gives the likeliest.

    Parameters
    ----------
    classes : int
        K.
    temperature : float
        Of the softmax whose gradient is taken.
    balance : float
        Weight, in nats, of the evenness of the classes over a batch (log K less the entropy of the mean chance). A
        penalty, never part of a score.
    """

    def __init__(self, classes: int, *, temperature: float = 1.0, balance: float = 0.0) -> None:
        super().__init__()
        self.classes, self.temperature, self.balance = classes, temperature, balance
        self._origin: Tensor
        self.register_buffer("_origin", torch.zeros(classes), persistent=False)

    def forward(self, features: Tensor) -> Code:
        """(batch, K) logits -> Code of one-hot value (batch, K); the symbols are indices (batch,)."""
        log_chance = features.log_softmax(1)
        chance = log_chance.exp()
        value = F.gumbel_softmax(features, self.temperature, hard=True)
        rate = math.log(self.classes) + (chance * log_chance).sum(1)
        penalty = rate.new_zeros(len(rate))
        if self.balance:
            mean = chance.mean(0)
            penalty = self.balance * (math.log(self.classes) + (mean * mean.clamp(min=1e-9).log()).sum()).expand(
                len(rate)
            )
        return Code(value, rate, penalty, symbols=value.argmax(1))

    def centre(self, features: Tensor) -> Tensor:
        """(batch, K) logits -> the likeliest class, one-hot."""
        return self.value_of(features.argmax(1)).to(features.dtype)

    def sample(self, count: int) -> Tensor:
        """Return classes drawn evenly, one-hot (count, K)."""
        return self.value_of(torch.randint(self.classes, (count,), device=self._origin.device))

    def value_of(self, symbols: Tensor) -> Tensor:
        """(batch,) indices -> (batch, K) one-hot."""
        return F.one_hot(symbols, self.classes).to(self._origin.dtype)
