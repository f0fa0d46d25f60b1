"""The one idea: corrupt, encode, code, decode, compare.

    x ──► corruption ──► encoder ──► code ──► decoder ──► output
    │     (training)                  │                     │
    │                                rate                   │
    └───────────────────────────────────── distance ────────┘

Training lowers distance + rate, both in nats a sample. Nothing here asks what kind of part it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from isthmus.code import Batch, Code, Passage, Value, each
from isthmus.codes.bottleneck import Bottleneck
from isthmus.corruptions import Corruption, Identity
from isthmus.critics import Critic
from isthmus.distances import Distance
from isthmus.objectives import Combine, importance_bound, mean, score_function
from isthmus.players import Player

__all__ = ["AutoEncoder"]


class AutoEncoder(nn.Module):
    """A composition of parts, and the verbs that need all of them.

    Parameters
    ----------
    encoder : module, x -> features
    code : Bottleneck, features -> Code
    decoder : module, (value, given) -> output
    distance : Distance, (output, x, where) -> (batch,) nats
    corruption : Corruption, x -> (spoiled x, where)
        Acts in training only: a score or an embedding sees x clean.
    critics : mapping of name to Critic
        Each becomes a player of that name.
    draws : int
        Codes drawn a row in training: 2 or more for a sampled code, K for an importance-weighted bound.
    combine : function, (batch, draws) nats -> scalar
        One of `isthmus.objectives`.
    """

    def __init__(
        self,
        *,
        encoder: nn.Module,
        code: Bottleneck,
        decoder: nn.Module,
        distance: Distance,
        corruption: Corruption | None = None,
        critics: Mapping[str, Critic] | None = None,
        draws: int = 1,
        combine: Combine = mean,
    ) -> None:
        super().__init__()
        self.encoder, self.code, self.decoder, self.distance = encoder, code, decoder, distance
        self.corruption = corruption or Identity()
        self.critics: Mapping[str, Critic] = nn.ModuleDict(critics)  # type: ignore[assignment]
        self.draws, self.combine = draws, combine

    def forward(self, batch: Batch, draws: int | None = None) -> Passage:
        """Return one passage of the batch, each row repeated `draws` times (by default: only in training)."""
        draws = draws or (self.draws if self.training else 1)
        spoiled, where = self.corruption(batch.x) if self.training else (batch.x, None)
        features = self.encoder(spoiled)
        if draws > 1:
            batch = batch.repeated(draws)
            features, where = (
                each(lambda part: part.repeat_interleave(draws, 0), value) for value in (features, where)
            )
        code = self.code(features)
        output = self.decoder(code.value, batch.given)
        return Passage(batch, code, output, self.distance(output, batch.x, where), draws)

    def encode(self, batch: Batch) -> Code:
        """Return the code of clean rows, priced."""
        return self.code(self.encoder(batch.x))

    def embed(self, batch: Batch) -> Value:
        """Return the value of the code without its noise."""
        return self.code.centre(self.encoder(batch.x))

    def decode(self, value: Value, given: Mapping[str, Tensor] | None = None) -> Any:
        """Return what the distance expects to see where the code has this value, shaped as x."""
        return self.distance.expected(self.decoder(value, given or {}))

    def reconstruct(self, batch: Batch) -> Any:
        """Return x as it comes out of the narrow place."""
        return self.decode(self.embed(batch), batch.given)

    def sample(self, count: int, given: Mapping[str, Tensor] | None = None) -> Any:
        """Return `count` new samples, decoded from values of the code's prior."""
        return self.decode(self.code.sample(count), given)

    def description_length(self, batch: Batch, draws: int = 1) -> Tensor:
        """Return (batch,) nats to name the code, then x; with more draws, the tighter `importance_bound`."""
        return importance_bound(self(batch, draws).description_length.view(-1, draws))

    def objective(self, passage: Passage) -> Tensor:
        """Return what the model's own turn lowers, a scalar."""
        cost = passage.description_length + passage.code.penalty
        for critic in self.critics.values():
            cost = cost + critic.fool(passage)
        cost = cost.view(-1, passage.draws)
        loss = self.combine(cost)
        if passage.code.log_prob is not None:
            loss = loss + score_function(cost, passage.code.log_prob.view_as(cost))
        return loss

    def players(self) -> list[Player]:
        """Return the model and those of its critics that learn, in the order of their turns."""
        critics = [critic.player(name) for name, critic in self.critics.items()]
        theirs = {id(parameter) for critic in critics for parameter in critic.parameters}
        own = [part for part in self.parameters() if part.requires_grad and id(part) not in theirs]
        return [Player("model", own, self.objective), *(critic for critic in critics if critic.parameters)]
