"""Several auto-encoders of the same data, differing in chance alone, that restore it together.

What one restores wrongly by accident the others do not: the mean of their reconstructions is nearer to what is normal
than any of them, and a verdict no longer hangs on a seed (deep ensembles: Lakshminarayanan et al., 2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch, Code, Passage
from isthmus.players import Player

__all__ = ["Committee"]


class Committee(nn.Module):
    """Auto-encoders that are trained side by side on the same batches.

    Parameters
    ----------
    members : sequence of AutoEncoder
        Of tensors (not of named groups), without critics.
    """

    def __init__(self, members: Sequence[AutoEncoder]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, batch: Batch) -> Passage:
        """Return one passage whose prices are the means of the members'."""
        passages: list[Passage] = [member(batch) for member in self.members]
        code = Code(
            value=torch.cat([passage.code.value.flatten(1) for passage in passages], 1),
            rate=_mean([passage.code.rate for passage in passages]),
            penalty=_mean([passage.code.penalty for passage in passages]),
        )
        return Passage(
            batch, code, [passage.output for passage in passages], _mean([passage.distance for passage in passages])
        )

    def players(self) -> list[Player]:
        """Return the one player: all members at once."""
        return [
            Player(
                "model",
                list(self.parameters()),
                lambda passage: (passage.description_length + passage.code.penalty).mean(),
            )
        ]

    def embed(self, batch: Batch) -> Tensor:
        """Return the members' codes side by side, (batch, numbers)."""
        return torch.cat([member.embed(batch).flatten(1) for member in self._each()], 1)

    def reconstruct(self, batch: Batch) -> Tensor:
        """Return the mean of what the members restore."""
        return _mean([member.reconstruct(batch) for member in self._each()])

    def description_length(self, batch: Batch) -> Tensor:
        """Return (batch,) nats, the mean of the members'."""
        return _mean([member.description_length(batch) for member in self._each()])

    def _each(self) -> Iterator[AutoEncoder]:
        for member in self.members:
            assert isinstance(member, AutoEncoder)
            yield member


def _mean(parts: list[Tensor]) -> Tensor:
    return torch.stack(parts).mean(0)
