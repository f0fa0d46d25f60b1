"""How long the description of a row is, with denoising auto-encoders and the rows they remember.

    distance   log(1 + |x − x̂|² / s₁)      what an auto-encoder cannot restore
             + log(1 + |x − x̂ⱼ|² / s₂)     what the nearest remembered row, restored, does not explain
    rate       log(1 + |z − zⱼ|² / s₃)      how far the code lies from any remembered one

Each s is the median of its squared departure over normal rows, taken by an auto-encoder that did not learn from
the row. The law behind each term is Cauchy's: with a normal law the largest departure alone would decide. All
terms are nats, averaged over the auto-encoders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.exemplars import Exemplars, squared_distance
from isthmus.networks.features import CellFeatures

__all__ = ["TERMS", "Description", "Explanation"]

AT_ONCE = 512  # rows in a block; their distances to the remembered rows then stay in the processor's cache
EXPLAINED_AT_ONCE = 64  # rows; each is tried with every column mended
TERMS = ("restored", "remembered", "rate")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why rows are as long to describe as they are.

    Attributes
    ----------
    shares : tensor (rows, columns)
        Nats; those of a row add up to its description length.
    expected : tensor (rows, cells)
        What would have been expected of each column, given the others.
    """

    shares: Tensor
    expected: Tensor


class Description(nn.Module):
    """Trained auto-encoders, the rows they remember, and the description length of any row.

    Parameters
    ----------
    features : CellFeatures
    members : sequence of AutoEncoder
        Their codes are `Exemplars`.
    memory : int
        Rows to remember.
    """

    restored: Tensor
    scale: Tensor

    def __init__(self, features: CellFeatures, members: Sequence[AutoEncoder], memory: int = 0) -> None:
        super().__init__()
        self.features = features
        self.members: Sequence[AutoEncoder] = nn.ModuleList(members)  # type: ignore[assignment]
        self.register_buffer("restored", torch.zeros(memory, features.width))
        self.register_buffer("scale", torch.ones(len(TERMS)))

    @property
    def draws(self) -> int:
        """Into how many samples the remembered rows are taken to fall; see `squared_distance`."""
        return cast("Exemplars", self.members[0].code).draws

    @draws.setter
    def draws(self, count: int) -> None:
        for member in self.members:
            cast("Exemplars", member.code).draws = count

    def remember(self, x: Tensor, *, draws: int = 1) -> None:
        """Keep these rows, (count, features): their codes, and what the auto-encoders make of them."""
        self.draws = draws
        for member in self.members:
            cast("Exemplars", member.code).remember(member.embed(Batch(x)))
        self.restored = self.reconstruct(x)

    def calibrate(self, departures: Tensor) -> None:
        """Take the medians of normal rows' departures, (rows, 3), as what is usual."""
        usual = departures.median(0).values
        self.scale = usual.clamp(min=1e-6 * self.features.width)  # rows that all repeat a remembered one

    def forward(self, rows: Tensor) -> Tensor:
        """(rows, cells) float64 -> description lengths, (rows,) nats.

        Always in blocks of one size, the last one filled up: a matrix product rounds differently for other
        numbers of rows, and the score of a row shall not depend on the rows it comes with, to the last bit.
        """
        filled = nn.functional.pad(rows, (0, 0, 0, -len(rows) % AT_ONCE))
        parts = [
            self.length(self.features(part), self.features.never_seen(part).sum(1)) for part in filled.split(AT_ONCE)
        ]
        return torch.cat(parts)[: len(rows)] if parts else rows.new_zeros(0)

    def length(self, x: Tensor, strange: Tensor) -> Tensor:
        """Return the description lengths of rows, (rows,) nats.

        Parameters
        ----------
        x : tensor (rows, features)
        strange : tensor (rows,)
            Squared departures of cells that fit never saw, which x does not show.
        """
        remembered = self.from_memory(x, strange)
        lengths = [self.nats(self.departures(member, x, strange, remembered)) for member in range(len(self.members))]
        return torch.stack(lengths).mean(0)

    def from_memory(self, x: Tensor, strange: Tensor, other_than: Tensor | None = None) -> Tensor:
        """Return the squared departures of rows from the nearest remembered one, (rows,)."""
        return squared_distance(x, self.restored, other_than, self.draws) + strange

    def departures(
        self, member: int, x: Tensor, strange: Tensor, remembered: Tensor, other_than: Tensor | None = None
    ) -> Tensor:
        """Return the three squared departures of rows as one auto-encoder sees them, (rows, 3).

        `other_than` names the remembered row that each is itself; -1 for none.
        """
        model = self.members[member]
        codes = model.embed(Batch(x))
        residual = (x - model.decode(codes)).square().sum(1) + strange
        return torch.stack([residual, remembered, cast("Exemplars", model.code).departure(codes, other_than)], 1)

    def nats(self, departures: Tensor) -> Tensor:
        """(rows, 3) squared departures -> (rows,) nats."""
        return torch.log1p(departures / self.scale).sum(1)

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return what the auto-encoders make of rows, on average: (rows, features) -> (rows, features)."""
        return torch.stack([member.reconstruct(Batch(x)) for member in self.members]).mean(0)

    def embed(self, rows: Tensor) -> Tensor:
        """(rows, cells) -> codes of the first auto-encoder, (rows, width)."""
        return torch.cat([self.members[0].embed(Batch(self.features(part))) for part in rows.split(AT_ONCE)])

    def explain(self, rows: Tensor) -> Explanation:
        """Tell which columns make rows long to describe, by mending one column at a time.

        A column's share is what the description shortens by when the column alone is set to what is expected
        there, made to add up to the whole. What is expected is the best of three: what the auto-encoders
        restore, what the remembered row nearest by the other columns has, and what the auto-encoders restore
        once that is put in. (Shares of the squared error itself would blame
        the columns that a wrong one drags along.)

        (rows, cells) float64 -> Explanation
        """
        parts = [self._explain(part) for part in rows.split(EXPLAINED_AT_ONCE)]
        return Explanation(torch.cat([part.shares for part in parts]), torch.cat([part.expected for part in parts]))

    def _explain(self, rows: Tensor) -> Explanation:
        x, strange = self.features(rows), self.features.never_seen(rows)
        length = self.length(x, strange.sum(1))
        count, columns = len(rows), self.features.columns
        owner = self.features.column_of == torch.arange(columns)[:, None]  # (columns, features)
        without = (strange.sum(1, keepdim=True) - strange).flatten()

        def mended(substitute: Tensor) -> Tensor:
            """(rows, columns or 1, features) -> row i with column c replaced, (rows * columns, features)."""
            return torch.where(owner, substitute, x[:, None]).flatten(0, 1)

        neighbour = self._neighbour_by_the_others(x, owner)
        again = torch.cat([self.reconstruct(part) for part in mended(neighbour).split(AT_ONCE)])
        substitutes = (self.reconstruct(x)[:, None], neighbour, again.view(count, columns, -1))
        gains, expected = [], []
        for substitute in substitutes:
            parts = zip(mended(substitute).split(AT_ONCE), without.split(AT_ONCE), strict=True)
            lengths = torch.cat([self.length(part, gone) for part, gone in parts])
            gains.append(length[:, None] - lengths.view(count, columns))
            own = (substitute * owner).sum(1)  # every feature as its own column's substitute has it
            expected.append(self.features.values(own))
        gain, best = torch.stack(gains).max(0)
        gain = gain.clamp(min=0)
        total = gain.sum(1, keepdim=True)
        share = torch.where(total > 0, gain / total.where(total > 0, 1.0), 1 / columns)
        best = best[:, [cell.column for cell in self.features.cells]]
        return Explanation(share * length[:, None], torch.stack(expected).gather(0, best[None])[0])

    def _neighbour_by_the_others(self, x: Tensor, owner: Tensor) -> Tensor:
        """Return, for each row and column, the remembered row nearest by all other columns.

        (rows, features) -> (rows, columns, features)
        """
        every = torch.cdist(x, self.restored).square()
        index = []
        for own in owner:
            apart = torch.cdist(x[:, own], self.restored[:, own]).square() if own.any() else 0.0
            index.append((every - apart).argmin(1))
        return self.restored[torch.stack(index, 1)]
