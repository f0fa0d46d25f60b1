"""What spoils x before the encoder sees it, and where. The target stays clean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.code import Value
from isthmus.errors import OptionError

__all__ = ["Corruption", "Erasing", "GaussianNoise", "Identity", "Masking", "OneOf", "SaltAndPepper", "SwapNoise"]


class Corruption(nn.Module):
    """Spoil x. Abstract, and it stores nothing that x could teach it."""

    def forward(self, x: Any) -> tuple[Value, Tensor | None]:
        """Return x (batch, ...) spoiled, and a boolean mask of the spoiled places or None for all of them.

        What is spoiled is shaped as x, unless the encoder is told more: then it is a group with x in it.
        """
        raise NotImplementedError


class Identity(Corruption):
    """Leave x as it is: the plain auto-encoder."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return x itself; every place counts."""
        return x, None


class GaussianNoise(Corruption):
    """Add normal noise everywhere (Vincent et al., 2008), its deviation drawn a row.

    Parameters
    ----------
    low, high : float
        The deviation is log-uniform between them: several noise levels in every batch teach the whole
        slope back to the data, not one distance from it. Give only `low` for a single level.
    places : boolean tensor, shaped as one row, optional
        Where noise makes sense (a category's index takes none).
    told : bool
        Whether the encoder is told the deviation: it then gets {"x": spoiled x, "noise": (batch, 1, ...)}.
    """

    def __init__(
        self, low: float, high: float | None = None, *, places: Tensor | None = None, told: bool = False
    ) -> None:
        super().__init__()
        high = low if high is None else high
        if not 0 < low <= high:
            raise OptionError(f"noise needs 0 < low <= high, not low={low}, high={high}")
        self.low, self.high, self.told = low, high, told
        self.places: Tensor | None
        self.register_buffer("places", places, persistent=False)

    def forward(self, x: Tensor) -> tuple[Value, Tensor | None]:
        """Return x plus noise; every place counts."""
        level = torch.rand(len(x), *[1] * (x.dim() - 1), device=x.device, dtype=x.dtype)
        deviation = (math.log(self.low) + level * math.log(self.high / self.low)).exp()
        noise = torch.randn_like(x) * deviation
        spoiled = x + (noise if self.places is None else noise.where(self.places, 0.0))
        return ({"x": spoiled, "noise": deviation} if self.told else spoiled), None


class Masking(Corruption):
    """Hide a share of the places behind one value (Vincent et al., 2008, section 3.2).

    Parameters
    ----------
    share : float
    value : float
        What a hidden place shows: 0 for standardised numbers, NaN for the cells of a mixed table, whose
        encoder reads it as missing.
    """

    def __init__(self, share: float, *, value: float = 0.0) -> None:
        super().__init__()
        self.share, self.value = _share(share), value

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return x with hidden places, and which they are."""
        where = torch.rand(x.shape, device=x.device) < self.share
        return x.masked_fill(where, self.value), where


class Erasing(Corruption):
    """Hide squares of a picture, on a grid that lies anew for every batch, and tell which.

    What lies under a square can only be restored from what lies around it, so a network that restores it knows what
    such pictures look like (context encoders, Pathak et al., 2016, arXiv:1604.07379).

    Parameters
    ----------
    sides : sequence of int
        Of the squares, pixels; a batch has one of them.
    share : float
        Of the squares that are hidden.
    """

    def __init__(self, sides: Sequence[int], share: float = 0.5) -> None:
        super().__init__()
        if not sides or min(sides) < 1:
            raise OptionError(f"the sides of squares must be at least 1 pixel, not {list(sides)}")
        self.sides, self.share = tuple(sides), _share(share)

    def forward(self, x: Tensor) -> tuple[Value, Tensor | None]:
        """(batch, channels, h, w) -> {"x": with squares of 0, "hidden": (batch, 1, h, w)}; every place counts."""
        side = self.sides[int(torch.randint(len(self.sides), ()))]
        height, width = x.shape[2:]
        grid = torch.rand(len(x), 1, height // side + 2, width // side + 2, device=x.device) < self.share
        whole = grid.repeat_interleave(side, 2).repeat_interleave(side, 3)
        down, right = torch.randint(side, (2,)).tolist()
        hidden = whole[:, :, down : down + height, right : right + width]
        return {"x": x.masked_fill(hidden, 0.0), "hidden": hidden.to(x.dtype)}, None


class SaltAndPepper(Corruption):
    """Turn a share of the pixels black or white, all channels of one alike (Vincent et al., 2010, section 4.1).

    Of flat vectors, a share of the numbers.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = _share(share)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return pictures (batch, channels, h, w), or vectors (batch, n), in [0, 1] with spoiled places, and which."""
        one = (len(x), 1, *x.shape[2:]) if x.dim() > 2 else x.shape
        where = torch.rand(one, device=x.device) < self.share
        white = (torch.rand(one, device=x.device) < 0.5).to(x.dtype)
        return torch.where(where, white, x), where.expand_as(x)


class SwapNoise(Corruption):
    """Replace a share of the places by the same place of another row: noise with the column's own values."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = _share(share)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return x with foreign places, and which they are."""
        where = torch.rand(x.shape, device=x.device) < self.share
        other = torch.randint(len(x), x.shape, device=x.device)
        return torch.where(where, x.gather(0, other), x), where


class OneOf(Corruption):
    """Spoil every row by one of several corruptions, picked at random."""

    def __init__(self, corruptions: Sequence[Corruption]) -> None:
        super().__init__()
        self.corruptions = nn.ModuleList(corruptions)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the spoiled rows, and where; a corruption without a mask spoils all of its row."""
        choice = torch.randint(len(self.corruptions), (len(x), *[1] * (x.dim() - 1)), device=x.device)
        spoiled, where = x, torch.zeros(x.shape, dtype=torch.bool, device=x.device)
        for index, corruption in enumerate(self.corruptions):
            theirs, place = corruption(x)
            mine = choice == index
            spoiled = torch.where(mine, theirs, spoiled)
            where = torch.where(mine, torch.ones_like(where) if place is None else place, where)
        return spoiled, where


def _share(share: float) -> float:
    if not 0 <= share <= 1:
        raise OptionError(f"share must lie between 0 and 1, not {share}")
    return share
