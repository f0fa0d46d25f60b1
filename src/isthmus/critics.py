"""Adversaries with parameters of their own, judging a code or a reconstruction."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.code import Passage
from isthmus.players import Player

__all__ = ["AttributeCritic", "Critic"]


class Critic(nn.Module):
    """A judge of passages. Abstract.

    Its accuracy is no evidence that anything was removed: a freshly trained probe is.

    Attributes
    ----------
    turns : int
        Its own steps a batch.
    pace : float
        Its learning rate as a multiple of the loop's.
    """

    turns: int = 1
    pace: float = 1.0

    def judge(self, passage: Passage) -> Tensor:
        """Return the critic's own loss, a scalar; the passage comes detached."""
        raise NotImplementedError

    def fool(self, passage: Passage) -> Tensor:
        """Return what the model pays for this judgement, (batch,) nats; bounded, or the game runs away."""
        raise NotImplementedError

    def player(self, name: str) -> Player:
        """Return this critic as a learner: its turns read the passage detached, so it may have several."""
        parameters = list(self.parameters())
        return Player(name, parameters, lambda passage: self.judge(passage.detached()), self.turns, self.pace)


class AttributeCritic(Critic):
    """Read a known attribute off the code; the model pays for every nat the critic knows.

    The domain-adversarial idea (Ganin et al., 2016, arXiv:1505.07818) with a bounded reward: log K minus the
    entropy of the critic's answer, at most log K. Reversing its gradient has no bound, and codes then
    grow until the critic, not the attribute, gives way.

    Parameters
    ----------
    network : module, value -> logits (batch, K)
    attribute : str
        The name in `batch.given` of the class indices (batch,).
    weight : float
        Price of a nat the critic knows.
    turns : int
        Steps of the critic a batch: it must keep ahead of the encoder.
    pace : float
    """

    def __init__(
        self, network: nn.Module, attribute: str, *, weight: float = 1.0, turns: int = 5, pace: float = 1.0
    ) -> None:
        super().__init__()
        self.network, self.attribute, self.weight = network, attribute, weight
        self.turns, self.pace = turns, pace

    def judge(self, passage: Passage) -> Tensor:
        """Cross-entropy of the true attribute."""
        return F.cross_entropy(self.network(passage.code.value), passage.batch.given[self.attribute])

    def fool(self, passage: Passage) -> Tensor:
        """-> (batch,) nats, between 0 and weight * log K."""
        log_answer = self.network(passage.code.value).log_softmax(1)
        knows = math.log(log_answer.shape[1]) + (log_answer.exp() * log_answer).sum(1)
        return self.weight * knows
