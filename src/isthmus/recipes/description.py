"""How long the description of a row is, with a denoising auto-encoder and the rows it remembers.

    distance   log(1 + |x − x̂|² / s₁)      what the auto-encoder cannot restore
             + log(1 + |x − x̂ⱼ|² / s₂)     what the nearest remembered row, restored, does not explain
    rate       log(1 + |z − zⱼ|² / s₃)      how far the code lies from any remembered one

Each s is the median of its squared departure over normal rows that the networks did not see. The law behind
each term is Cauchy's: with a normal law the largest departure alone would decide. All three terms are sums over
columns inside the logarithm, and all are nats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.exemplars import Exemplars, nearest
from isthmus.networks.features import CellFeatures

__all__ = ["Description", "Explanation"]

AT_ONCE = 2048  # rows; their distances to the remembered rows then stay in the processor's cache
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
    """A trained auto-encoder, its memory, and the description length of rows.

    Parameters
    ----------
    features : CellFeatures
    model : AutoEncoder
        Its code is `Exemplars`.
    memory : int
        Rows to remember.
    """

    restored: Tensor
    scale: Tensor

    def __init__(self, features: CellFeatures, model: AutoEncoder, memory: int) -> None:
        super().__init__()
        self.features, self.model = features, model
        self.register_buffer("restored", torch.zeros(memory, features.width))
        self.register_buffer("scale", torch.ones(len(TERMS)))

    @property
    def code(self) -> Exemplars:
        """The auto-encoder's code, with its memory."""
        return cast("Exemplars", self.model.code)

    def remember(self, x: Tensor) -> None:
        """Keep these rows, (count, features): their codes, and what the auto-encoder makes of them."""
        codes = self.model.embed(Batch(x))
        self.code.remember(codes, self.scale[2])
        self.restored = self.model.decode(codes)

    def calibrate(self, departures: Tensor) -> None:
        """Take the medians of normal rows' departures, (rows, 3), as what is usual."""
        usual = departures.median(0).values
        self.scale = usual.clamp(min=1e-6 * self.features.width)  # rows that all repeat a remembered one

    def departures(self, x: Tensor, strange: Tensor, other_than: Tensor | None = None) -> Tensor:
        """Return the three squared departures of rows, (rows, 3).

        Parameters
        ----------
        x : tensor (rows, features)
        strange : tensor (rows,)
            Squared departures of cells that fit never saw, which x does not show.
        other_than : tensor (rows,), optional
            The remembered row that each is itself; -1 for none.
        """
        codes = self.model.embed(Batch(x))
        residual = (x - self.model.decode(codes)).square().sum(1)
        remembered = nearest(x, self.restored, other_than)[0]
        code = self.code.departure(codes, other_than)[0]
        return torch.stack([residual + strange, remembered + strange, code], 1)

    def forward(self, rows: Tensor) -> Tensor:
        """(rows, cells) float64 -> description lengths, (rows,) nats."""
        parts = []
        for part in rows.split(AT_ONCE):
            strange = self.features.never_seen(part).sum(1)
            parts.append(self.nats(self.departures(self.features(part), strange)))
        return torch.cat(parts) if parts else rows.new_zeros(0)

    def nats(self, departures: Tensor) -> Tensor:
        """(rows, 3) squared departures -> (rows,) nats."""
        return torch.log1p(departures / self.scale).sum(1)

    def embed(self, rows: Tensor) -> Tensor:
        """(rows, cells) -> codes, (rows, width)."""
        return torch.cat([self.model.embed(Batch(self.features(part))) for part in rows.split(AT_ONCE)])

    def explain(self, rows: Tensor) -> Explanation:
        """Tell which columns make rows long to describe, by mending one column at a time.

        A column's share is what the description shortens by when the column alone is set to what is expected
        there, made to add up to the whole. What is expected is the better of two: what the auto-encoder
        restores, and what the nearest remembered row has. (Shares of the squared error itself would blame
        the columns that a wrong one drags along.)

        (rows, cells) float64 -> Explanation
        """
        parts = [self._explain(part) for part in rows.split(256)]
        return Explanation(torch.cat([part.shares for part in parts]), torch.cat([part.expected for part in parts]))

    def _explain(self, rows: Tensor) -> Explanation:
        x, strange = self.features(rows), self.features.never_seen(rows)
        length = self.nats(self.departures(x, strange.sum(1)))
        codes = self.model.embed(Batch(x))
        neighbours = self.restored[nearest(x, self.restored)[1]]
        count, columns = len(rows), self.features.columns
        owner = self.features.column_of == torch.arange(columns)[:, None]  # (columns, features)
        without = (strange.sum(1, keepdim=True) - strange).flatten()
        gains = []
        substitutes = (self.model.decode(codes), neighbours)
        for substitute in substitutes:
            # (rows, columns, features): row i with column c replaced
            candidates = torch.where(owner, substitute[:, None], x[:, None]).flatten(0, 1)
            nats = torch.cat(
                [
                    self.nats(self.departures(part, gone))
                    for part, gone in zip(candidates.split(AT_ONCE), without.split(AT_ONCE), strict=True)
                ]
            )
            gains.append(length[:, None] - nats.view(count, columns))
        gain = torch.maximum(*gains).clamp(min=0)
        total = gain.sum(1, keepdim=True)
        share = torch.where(total > 0, gain / total.where(total > 0, 1.0), 1 / columns)
        restored, neighbour = (self.features.values(substitute) for substitute in substitutes)
        better = (gains[1] > gains[0])[:, [cell.column for cell in self.features.cells]]
        return Explanation(share * length[:, None], torch.where(better, neighbour, restored))
