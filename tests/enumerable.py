"""A sampled discrete code and a source, both small enough to enumerate."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.code import Batch, Code
from isthmus.codes.bottleneck import Bottleneck


class Symbol(Bottleneck):
    """One of K symbols, drawn; its price is log q - log p under a learned prior."""

    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.prior = nn.Parameter(torch.zeros(symbols))

    def forward(self, features: Tensor) -> Code:
        """(batch, K) logits -> Code of value (batch, K), one-hot."""
        log_q = features.log_softmax(1)
        symbols = torch.multinomial(log_q.exp(), 1).squeeze(1)
        return self.at(log_q, symbols)

    def at(self, log_q: Tensor, symbols: Tensor) -> Code:
        """The code that these symbols would have been."""
        chosen = log_q.gather(1, symbols[:, None]).squeeze(1)
        rate = chosen.detach() - self.prior.log_softmax(0)[symbols]
        return Code(self.value_of(symbols), rate, torch.zeros_like(rate), log_prob=chosen, symbols=symbols)

    def centre(self, features: Tensor) -> Tensor:
        return self.value_of(features.argmax(1))

    def sample(self, count: int) -> Tensor:
        return self.value_of(torch.multinomial(self.prior.softmax(0), count, replacement=True))

    def value_of(self, symbols: Tensor) -> Tensor:
        return F.one_hot(symbols, len(self.prior)).float()


class Reader(nn.Linear):
    """A decoder that maps a value to logits and reads nothing of what is given."""

    def forward(self, value: Tensor, given: object = None) -> Tensor:
        return super().forward(value)


PROTOTYPES = torch.tensor([[0, 0, 0, 0, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0, 1, 1], [1, 0, 1, 0, 1, 0, 1, 0]]).float()
WEIGHTS, FLIP = torch.tensor([0.5, 0.3, 0.2]), 0.1


def bits_source(count: int, seed: int = 0) -> tuple[Tensor, float]:
    """Eight-bit words of a mixture of three prototypes with 10% flips, and the source's exact entropy in nats."""
    generator = torch.Generator().manual_seed(seed)
    which = torch.multinomial(WEIGHTS, count, replacement=True, generator=generator)
    flipped = (torch.rand(count, 8, generator=generator) < FLIP).float()
    probability = _probability(torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 8))
    entropy = -(probability * probability.log()).sum().item()
    assert math.isclose(probability.sum().item(), 1, abs_tol=1e-5)
    return (PROTOTYPES[which] - flipped).abs(), entropy


def words(count: int, seed: int) -> tuple[Batch, Tensor]:
    """The same words, and the nats of each."""
    x, _ = bits_source(count, seed)
    return Batch(x), -_probability(x).log()


def _probability(x: Tensor) -> Tensor:
    wrong = (x[:, None] != PROTOTYPES).sum(2)
    return (WEIGHTS * FLIP**wrong * (1 - FLIP) ** (8 - wrong)).sum(1)
