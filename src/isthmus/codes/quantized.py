"""Neural Discrete Representation Learning (van den Oord et al., 2017, arXiv:1711.00937), and finite scalars.

features ──► nearest entry of a codebook, in every place ──► decoder
                  └─ rate: log K a place, as long as nobody models the indices
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.code import Code
from isthmus.codes.bottleneck import Bottleneck
from isthmus.errors import OptionError

__all__ = ["FiniteScalars", "Quantized", "levels_of"]

FADED = 0.05  # an entry used less than this share of an even use is dead, and revived
SMOOTHING = 1e-5  # Laplace's, of the counts (paper, appendix A.1)
LEVELS = range(4, 9)  # of a finite scalar: the paper has 5 to 8 (its table 1); powers of two need 4, too


class Quantized(Bottleneck):
    """Indices into a codebook.

    Parameters
    ----------
    entries : int
        K.
    width : int
        Numbers in an entry.
    learned : "averages", "gradient" or "beforehand"
        How entries move: by exponential moving averages of what falls to them (appendix A.1), down the gradient
        of the codebook term (equation 3), or not at all, since `put` has said where they are.
    decay : float
        Of the averages.
    commitment : float
        Weight of the encoder's pull towards its entry (the paper's β), on the scale of a squared error in nats.
    """

    codebook: Tensor
    used: Tensor
    sums: Tensor
    started: Tensor

    def __init__(
        self,
        entries: int,
        width: int,
        *,
        learned: Literal["averages", "gradient", "beforehand"] = "averages",
        decay: float = 0.99,
        commitment: float = 0.25,
    ) -> None:
        super().__init__()
        if learned not in ("averages", "gradient", "beforehand"):
            raise OptionError(f"learned must be averages, gradient or beforehand, not {learned!r}")
        self.entries, self.width, self.learned, self.decay, self.commitment = entries, width, learned, decay, commitment
        start = torch.randn(entries, width)
        if learned == "gradient":
            self.codebook = nn.Parameter(start)
        else:
            self.register_buffer("codebook", start)
        self.register_buffer("used", torch.ones(entries))  # moving average of how many places chose each
        self.register_buffer("sums", start.clone())
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))

    def forward(self, features: Tensor) -> Code:
        """(batch, width, ...) -> Code of the same value; the symbols are indices (batch, ...)."""
        places = self._places(features)
        moves = self.training and self.learned != "beforehand"
        if moves:
            self._start(places.detach())
        index = self._nearest(places)
        chosen = F.embedding(index, self.codebook)
        pull = self.commitment * (places - chosen.detach()).square().sum(1)
        if self.learned == "gradient":
            pull = pull + (places.detach() - chosen).square().sum(1)
        if moves:
            self._count(places.detach(), index)
        value = self._back(chosen.detach() + (places - places.detach()), features)  # the entry itself, to the last bit
        symbols = index.view(len(features), *features.shape[2:])
        each = math.prod(features.shape[2:])
        rate = features.new_full((len(features),), each * math.log(self.entries))
        penalty = 0.5 * pull.view(len(features), -1).sum(1)
        return Code(value, rate, penalty, symbols=symbols)

    @torch.no_grad()
    def put(self, entries: Tensor) -> Quantized:
        """Put the entries there, (K, width)."""
        self.codebook.copy_(entries)
        self.sums.copy_(entries)
        self.started.fill_(True)
        return self

    def centre(self, features: Tensor) -> Tensor:
        """(batch, width, ...) -> the nearest entries, shaped as the features."""
        return self.value_of(self._nearest(self._places(features)).view(len(features), *features.shape[2:]))

    def value_of(self, symbols: Tensor) -> Tensor:
        """(batch, ...) indices -> (batch, width, ...)."""
        return F.embedding(symbols, self.codebook).movedim(-1, 1)

    def usage(self, symbols: Tensor) -> float:
        """Return the share of entries that occur among the symbols."""
        return len(symbols.unique()) / self.entries

    def _places(self, features: Tensor) -> Tensor:
        return features.movedim(1, -1).reshape(-1, self.width)

    def _back(self, places: Tensor, features: Tensor) -> Tensor:
        return places.view(len(features), *features.shape[2:], self.width).movedim(-1, 1)

    def _nearest(self, places: Tensor) -> Tensor:
        apart = torch.addmm(self.codebook.square().sum(1), places, self.codebook.T, alpha=-2)
        return apart.min(1).indices  # faster than argmin

    @torch.no_grad()
    def _start(self, places: Tensor) -> None:
        """Put the entries where the first batch is, and revive dead ones where the present one is."""
        dead = self.used < FADED * self.used.mean()
        dead = dead | ~self.started  # in the first step all of them
        if dead.device.type == "cpu" and not dead.any():  # a GPU would have to be waited for to look
            return
        drawn = places[torch.randint(len(places), (self.entries,), device=places.device)].to(self.codebook.dtype)
        mean = self.used.mean()
        self.codebook.copy_(torch.where(dead[:, None], drawn, self.codebook))
        self.used.copy_(torch.where(dead, mean, self.used))
        self.sums.copy_(torch.where(dead[:, None], drawn * mean, self.sums))
        self.started.fill_(True)

    @torch.no_grad()
    def _count(self, places: Tensor, index: Tensor) -> None:
        """Note which entries are used; by averages, move them to the mean of what falls to them."""
        counts = torch.bincount(index, minlength=self.entries).to(self.used.dtype)
        self.used.lerp_(counts, 1 - self.decay)
        if self.learned == "gradient":
            return
        totals = torch.zeros_like(self.sums).index_add_(0, index, places.to(self.sums.dtype))
        self.sums.lerp_(totals, 1 - self.decay)
        whole = self.used.sum()
        smooth = (self.used + SMOOTHING) / (whole + self.entries * SMOOTHING) * whole
        self.codebook.copy_(self.sums / smooth[:, None])


class FiniteScalars(Bottleneck):
    """Finite scalar quantisation (Mentzer et al., 2023, arXiv:2309.15505): every number rounded to a few levels.

    Parameters
    ----------
    levels : sequence of int
        Of each number of a place; their product is the size of the codebook that nobody has to learn.
    """

    steps: Tensor

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        if not levels or min(levels) < 2:
            raise OptionError(f"every number needs at least 2 levels, not {list(levels)}")
        self.width, self.entries = len(levels), math.prod(levels)
        self.register_buffer("levels", torch.tensor(levels), persistent=False)
        self.levels: Tensor
        self.register_buffer("steps", torch.tensor([1, *levels[:-1]]).cumprod(0), persistent=False)

    def forward(self, features: Tensor) -> Code:
        """(batch, width, ...) -> Code of the same value, in [-1, 1]; the symbols are indices (batch, ...)."""
        bounded = self._bounded(features)
        rounded = bounded.round()
        value = self._scaled(rounded.detach() + (bounded - bounded.detach()))
        each = math.prod(features.shape[2:])
        rate = features.new_full((len(features),), each * math.log(self.entries))
        return Code(value, rate, rate.new_zeros(len(rate)), symbols=self._index(rounded))

    def value_of(self, symbols: Tensor) -> Tensor:
        """(batch, ...) indices -> (batch, width, ...)."""
        digits = symbols[:, None] // self._wide(self.steps, symbols) % self._wide(self.levels, symbols)
        low = -(self._wide(self.levels, symbols) // 2)
        return self._scaled((digits + low).to(torch.get_default_dtype()))

    def usage(self, symbols: Tensor) -> float:
        """Return the share of entries that occur among the symbols."""
        return len(symbols.unique()) / self.entries

    def _bounded(self, features: Tensor) -> Tensor:
        """Squeeze into the open range whose roundings are the levels (paper, section 3.1)."""
        levels = self._wide(self.levels, features[:, 0]).to(features.dtype)
        half, odd = (levels - 1) * (1 - 1e-3) / 2, 0.5 * (levels % 2 == 0)
        return (features + (odd / half).atanh()).tanh() * half - odd

    def _scaled(self, whole: Tensor) -> Tensor:
        return whole / self._wide((self.levels // 2).to(whole.dtype), whole[:, 0])

    def _index(self, rounded: Tensor) -> Tensor:
        digits = rounded.long() + self._wide(self.levels // 2, rounded[:, 0])
        return (digits * self._wide(self.steps, rounded[:, 0])).sum(1)

    @staticmethod
    def _wide(numbers: Tensor, like: Tensor) -> Tensor:
        """Shape one number a channel to broadcast over (batch, channels, ...)."""
        return numbers.view(1, -1, *[1] * (like.dim() - 1))


def levels_of(entries: int) -> list[int]:
    """Return levels of finite scalars whose product is so many entries, the most first.

    Raises
    ------
    OptionError
        Where there are none, naming the nearest numbers of entries for which there are.

    Examples
    --------
    >>> levels_of(1000), levels_of(256)
    ([8, 5, 5, 5], [8, 8, 4])
    """
    levels = _levels_of(entries) if entries > 1 else None
    if levels is None:
        sizes = _products(entries * LEVELS[0]) | {LEVELS[0]}
        below = max((size for size in sizes if size < entries), default=None)
        above = min(size for size in sizes if size > entries)
        raise OptionError(
            f"entries must be a product of levels, from {LEVELS[0]} to {LEVELS[-1]} each, not {entries}: the nearest "
            f"{'is' if below is None else f'are {below} and'} {above}"
        )
    return levels


def _levels_of(entries: int) -> list[int] | None:
    if entries == 1:
        return []
    for level in reversed(LEVELS):
        others = None if entries % level else _levels_of(entries // level)
        if others is not None:
            return [level, *others]
    return None


def _products(most: int) -> set[int]:
    """Return all products of levels up to the most."""
    found, longer = set(), {1}
    while longer:
        longer = {size * level for size in longer for level in LEVELS if size * level <= most}
        found |= longer
    return found
