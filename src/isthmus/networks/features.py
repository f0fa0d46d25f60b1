"""The cells of a table as the standardised numbers a network reads, learned once and kept as buffers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import kurtosis, norm
from torch import Tensor, nn

from isthmus.kinds.schema import Cell

__all__ = ["CellFeatures"]

RAREST = 0.2  # no indicator is scaled by less than this deviation: a category seen once is not worth 100 columns
NEVER = 20.0  # what a value never seen in fit departs by, in deviations: as much as the rarest indicator
TAIL, DISTINCT = 10.0, 0.01  # an amount: least kurtosis, and least share of distinct values
SPIKE, SPAN = 0.3, 100.0  # and either its commonest value's share, or its largest value in medians of those over zero
NORMAL_FOURTH = 3**0.25  # fourth root of a normal law's fourth moment
MOST_TAMED = 1.6  # times the deviation: what a long tail may widen a column's unit by
FEW = 10  # distinct values: flags and small counts, whose rare values are telling as they are
KNOTS = 256  # of a rank scale
FURTHEST = 1e4  # deviations; a finite score for any number


class CellFeatures(nn.Module):
    """Map the cells of rows to features of mean 0 and like size, and say what fit never saw.

    Numbers are divided by their deviation, and the more so the longer their tails (the fourth root of the fourth
    moment, up to 1.6 times the deviation), lest one long-tailed column decide every distance. A category is one
    indicator a value, scaled likewise. Amounts with a long tail, of which many are one value (zero) or which span
    orders of magnitude (money, bytes), get a second feature, their normal score (rank), because standardising alone
    puts nearly all of them in one place. Columns that were constant in fit keep the unit of their value.

    Parameters
    ----------
    cells : sequence of Cell
        What the columns of an encoded table are.
    ranked : sequence of int
        Cells that have a rank scale beside their number.
    """

    mean: Tensor
    scale: Tensor
    cell_of: Tensor
    index_of: Tensor
    knots: Tensor
    column_of: Tensor
    size_of: Tensor
    gaps: Tensor
    columns_of_cells: Tensor

    def __init__(self, cells: Sequence[Cell], *, ranked: Sequence[int] = ()) -> None:
        super().__init__()
        self.cells = tuple(cells)
        numbers = [place for place, cell in enumerate(cells) if cell.kind == "number"]
        indicators = [(place, k) for place, cell in enumerate(cells) for k in range(cell.size)]
        cell_of = [*numbers, *(place for place, _ in indicators), *ranked]
        self.numbers, self.indicators, self.ranks = len(numbers), len(indicators), len(ranked)
        self.register_buffer("cell_of", torch.tensor(cell_of, dtype=torch.long))
        self.register_buffer("index_of", torch.tensor([k for _, k in indicators], dtype=torch.float64))
        self.register_buffer("column_of", torch.tensor([cells[place].column for place in cell_of], dtype=torch.long))
        self.register_buffer("mean", torch.zeros(len(cell_of), dtype=torch.float64))
        self.register_buffer("scale", torch.ones(len(cell_of), dtype=torch.float64))
        self.register_buffer("knots", torch.zeros(len(ranked), KNOTS, dtype=torch.float64))
        # What makes a cell one that fit never saw: its "anything else" index, or a gap where there was none.
        told = {cell.column for cell in cells if cell.part == "missing"}
        self.categories = any(cell.kind == "category" for cell in cells)
        sizes = [cell.size if cell.kind == "category" else -1 for cell in cells]
        gaps = [cell.kind == "number" and cell.column not in told for cell in cells]
        self.register_buffer("size_of", torch.tensor(sizes, dtype=torch.float64))
        self.register_buffer("gaps", torch.tensor(gaps))
        self.register_buffer("columns_of_cells", torch.tensor([cell.column for cell in cells]), persistent=False)

    @classmethod
    def fit(cls, cells: Sequence[Cell], rows: np.ndarray) -> CellFeatures:
        """Learn means, deviations and rank scales from encoded rows, (rows, cells) float64."""
        ranked = [
            place
            for place, cell in enumerate(cells)
            if cell.kind == "number" and cell.part == "value" and _is_amount(rows[:, place])
        ]
        features = cls(cells, ranked=ranked)
        for which, place in enumerate(ranked):
            present = rows[~np.isnan(rows[:, place]), place]
            features.knots[which] = torch.from_numpy(np.quantile(present, np.linspace(0, 1, KNOTS)))
        raw = features._raw(torch.from_numpy(rows)).numpy()
        with np.errstate(all="ignore"):
            present = np.maximum((~np.isnan(raw)).sum(0), 1)
            mean = np.nansum(raw, axis=0) / present
            deviation = np.sqrt(np.nansum((raw - mean) ** 2, axis=0) / present)
        constant = ~(deviation > 1e-9 * np.maximum(1, np.abs(mean)))
        deviation = np.where(constant, np.where(mean == 0, 1.0, np.abs(mean)), deviation)
        with np.errstate(all="ignore"):
            fourth = (np.nansum(((raw - mean) / deviation) ** 4, axis=0) / present) ** 0.25
        graded = np.array([len(np.unique(column)) > FEW for column in raw.T])  # unlike flags and small counts
        scale = deviation * np.where(~constant & graded, np.minimum(fourth / NORMAL_FOURTH, MOST_TAMED), 1.0)
        indicator = slice(features.numbers, features.numbers + features.indicators)
        scale[indicator] = np.maximum(deviation[indicator], RAREST)
        features.mean.copy_(torch.from_numpy(mean))
        features.scale.copy_(torch.from_numpy(scale))
        return features

    @property
    def width(self) -> int:
        """Features a row."""
        return len(self.cell_of)

    @property
    def ranked_cells(self) -> list[int]:
        """Cells that have a rank scale beside their number."""
        return [int(place) for place in self.cell_of[self.numbers + self.indicators :]]

    @property
    def columns(self) -> int:
        """Columns of the table that the features come from."""
        return 1 + max(cell.column for cell in self.cells)

    def forward(self, rows: Tensor) -> Tensor:
        """(batch, cells) float64 -> (batch, features) float32; what is missing stands at the mean."""
        standard = (self._raw(rows) - self.mean) / self.scale
        return torch.nan_to_num(standard, nan=0.0).clamp_(-FURTHEST, FURTHEST).float()

    def never_seen(self, rows: Tensor) -> Tensor:
        """(batch, cells) -> (batch, columns) nats of cells that fit never saw."""
        strange = torch.isnan(rows) & self.gaps
        if self.categories:
            strange |= (rows == self.size_of) & (self.size_of >= 0)
        result = torch.zeros(len(rows), self.columns, device=rows.device)
        if strange.any():
            result.index_add_(1, self.columns_of_cells, strange.float() * math.log1p(NEVER**2))
        return result

    def by_column(self, places: Tensor) -> Tensor:
        """(batch, features) -> (batch, columns), added up."""
        return places.new_zeros(len(places), self.columns).index_add_(1, self.column_of, places)

    def values(self, features: Tensor) -> Tensor:
        """(batch, features) -> (batch, cells) float64 in the table's units; the likeliest index of a category."""
        raw = features.double() * self.scale + self.mean
        result = torch.full((len(features), len(self.cells)), torch.nan, dtype=torch.float64, device=features.device)
        result[:, self.cell_of[: self.numbers]] = raw[:, : self.numbers]
        at = self.numbers
        for place, cell in enumerate(self.cells):
            if cell.size:
                result[:, place] = raw[:, at : at + cell.size].argmax(1).double()
                at += cell.size
        return result

    def _raw(self, rows: Tensor) -> Tensor:
        """(batch, cells) -> (batch, features) before standardising."""
        picked = rows[:, self.cell_of]
        if not self.indicators and not self.ranks:
            return picked
        first, last = self.numbers, self.numbers + self.indicators
        picked[:, first:last] = (picked[:, first:last] == self.index_of).double()
        for which in range(self.ranks):
            picked[:, last + which] = _normal_score(picked[:, last + which], self.knots[which])
        return picked


def _is_amount(values: np.ndarray) -> bool:
    present = values[~np.isnan(values)]
    if len(present) < 20:
        return False
    distinct, counts = np.unique(present, return_counts=True)
    if len(distinct) <= max(FEW, DISTINCT * len(present)):
        return False
    spiked = counts.max() >= SPIKE * len(present)
    spans = distinct[0] >= 0 and distinct[-1] / SPAN >= np.median(present[present > 0])
    return bool((spiked or spans) and kurtosis(present / np.abs(present).max()) > TAIL)


def _normal_score(values: Tensor, knots: Tensor) -> Tensor:
    """Return the normal quantile of each value's rank among the knots, continued linearly beyond them."""
    values = values.contiguous()
    low, high = torch.searchsorted(knots, values), torch.searchsorted(knots, values, right=True)
    before, after = (high - 1).clamp(0, KNOTS - 1), high.clamp(0, KNOTS - 1)
    gap = knots[after] - knots[before]
    part = torch.where(gap > 0, (values - knots[before]) / gap.where(gap > 0, 1.0), 0.0).clamp(0, 1)
    place = torch.where(high > low, (low + high - 1) / 2, before + part).clamp(0, KNOTS - 1)
    score = torch.special.ndtri((place + 0.5) / KNOTS)
    spread = (knots[-1] - knots[0]).clamp(min=1e-300)
    edge = float(norm.ppf(1 - 0.5 / KNOTS))
    beyond = (values - knots[-1]).clamp(min=0) - (knots[0] - values).clamp(min=0)
    return torch.where(torch.isnan(values), torch.nan, score + 2 * edge * beyond / spread)
