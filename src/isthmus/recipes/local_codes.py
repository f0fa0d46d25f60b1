"""Local codes, each place with a law of its own (after PaDiM, Defard et al., 2021, arXiv:2011.08785).

    x ──► overlapping patches ──► a few numbers each ──► how far from what normal pictures have at that place

A linear auto-encoder (principal components) makes the numbers, so that a few hundred pictures and some seconds
suffice; PaDiM takes them from a network that was trained with labels. In pictures with many parts a narrow code of
the whole has no room for what any of them looks like; here every part is compared with its likes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["LocalCodes", "NormalLaws"]

PATCH = 17  # pixels; half of a smaller picture
NUMBERS = 60  # of a patch's code
PIXELS_A_NUMBER, PICTURES_A_NUMBER = 5, 8  # at least
FIRST, PATCHES = 4, 20_000  # batches, and patches of theirs, that the components are learned from
LEAST, TINY = 1e-6, 1e-12  # variance of a number, at least, as a share of the mean one
MOST_IN_LAWS = 4_000_000  # numbers that the laws of all places hold; in large pictures patches overlap less, or not
MOST_AT_ONCE = 2**24  # numbers in the patches that are cut out together
AT_ONCE = 128  # pictures


class NormalLaws(nn.Module):
    """A normal law at every place.

    Parameters
    ----------
    places, numbers : int
    """

    mean: Tensor
    whitening: Tensor

    def __init__(self, places: int, numbers: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(places, numbers))
        self.register_buffer("whitening", torch.eye(numbers).repeat(places, 1, 1))

    def learn(self, batches: Iterable[Tensor]) -> None:
        """Take mean and covariance of batches (rows, places, numbers).

        Each covariance is drawn towards the mean of all where rows are few.
        """
        numbers = self.mean.shape[1]
        rows, total = 0, torch.zeros(self.mean.shape, dtype=torch.float64)
        squares = torch.zeros(self.whitening.shape, dtype=torch.float64)
        for values in batches:
            part = values.double().transpose(0, 1)
            rows, total, squares = rows + part.shape[1], total + part.sum(1), squares + part.transpose(1, 2) @ part
        mean = total / rows
        own = squares / rows - mean[:, :, None] * mean[:, None]
        usual = own.mean(0)
        least = LEAST * usual.diagonal().mean() + TINY
        own = torch.lerp(own, usual.expand_as(own), min(0.5, numbers / rows)) + least * torch.eye(numbers)
        self.mean = mean.float().contiguous()  # as it will come from a file: layout decides on the last bit
        self.whitening = torch.linalg.inv(torch.linalg.cholesky(own)).float().contiguous()

    def forward(self, values: Tensor) -> Tensor:
        """Return squared Mahalanobis distances, (rows, places, numbers) -> (rows, places)."""
        return self.whiten(values).square().sum(2)

    def whiten(self, values: Tensor) -> Tensor:
        """Return values in which every law is the standard one, (rows, places, numbers) -> the same."""
        return torch.einsum("pij,rpj->rpi", self.whitening, values - self.mean)


class LocalCodes(nn.Module):
    """How unusual each place of a picture is.

    Parameters
    ----------
    shape : (channels, height, width)
    numbers : int
        Of a patch's code; see `fitting`.
    patch : int
        Side of a patch, pixels; at most half of the picture's.
    """

    centre: Tensor
    basis: Tensor

    def __init__(self, shape: tuple[int, int, int], numbers: int, *, patch: int = PATCH) -> None:
        super().__init__()
        channels, height, width = shape
        self.shape, self.numbers = shape, numbers
        self.size = _patch(shape, patch)
        self.step = max(self.size // 4, 1)
        while self.step < self.size and math.prod(self._grid()) * numbers**2 > MOST_IN_LAWS:
            self.step += 1
        self.grid = self._grid()
        spare = [(n - 1) * self.step + self.size - side for n, side in zip(self.grid, (height, width), strict=True)]
        self.around = (spare[1] // 2, spare[1] - spare[1] // 2, spare[0] // 2, spare[0] - spare[0] // 2)
        self.register_buffer("centre", torch.zeros(channels * self.size**2))
        self.register_buffer("basis", torch.zeros(channels * self.size**2, numbers))
        self.laws = NormalLaws(math.prod(self.grid), numbers)

    @classmethod
    def fitting(
        cls, count: int, batches: Callable[[], Iterator[Tensor]], *, patch: int = PATCH, numbers: int | None = None
    ) -> LocalCodes:
        """Learn from normal pictures.

        Parameters
        ----------
        count : int
            How many there are.
        batches : function returning an iterator of pictures (n, C, H, W), in chance order, the same every time
        patch : int
            As for the class.
        numbers : int, optional
            Of a patch's code, at most; by default as many as so many pictures bear.
        """
        first = torch.cat(list(itertools.islice(batches(), FIRST)))
        shape = (int(first.shape[1]), int(first.shape[2]), int(first.shape[3]))
        asked = min(NUMBERS, count // PICTURES_A_NUMBER) if numbers is None else numbers
        numbers = max(1, min(asked, shape[0] * _patch(shape, patch) ** 2 // PIXELS_A_NUMBER))
        codes = cls(shape, numbers, patch=patch)
        some = torch.cat([codes._some(part, len(first)) for part in first.split(AT_ONCE)])
        codes.centre = some.mean(0)
        codes.basis = torch.svd_lowrank(some - codes.centre, q=numbers, niter=4)[2].contiguous()
        codes.laws.learn(codes.encode(part) for batch in batches() for part in batch.split(AT_ONCE))
        return codes

    def encode(self, x: Tensor) -> Tensor:
        """(n, C, H, W) -> (n, places, numbers)."""
        return torch.cat([(self._patches(part) - self.centre) @ self.basis for part in self._few_at_once(x)])

    def whitened(self, x: Tensor) -> Tensor:
        """Return the codes in which every place's law is the standard one, (n, C, H, W) -> (n, places, numbers)."""
        return self.laws.whiten(self.encode(x))

    def forward(self, x: Tensor) -> Tensor:
        """Return squared Mahalanobis distances a place, (n, C, H, W) -> (n, rows, columns)."""
        found: Tensor = self.laws(self.encode(x))
        return found.unflatten(1, self.grid)

    def spread(self, places: Tensor) -> Tensor:
        """Say of every pixel what is said of the patches that hold it, on average, (n, rows, columns) -> (n, H, W)."""
        total, patches = self._folded(places), self._folded(torch.ones_like(places[:1]))
        return total / patches  # at the edges fewer

    def _folded(self, places: Tensor) -> Tensor:
        height, width = self.shape[1:]
        left, right, top, bottom = self.around
        size = (height + top + bottom, width + left + right)
        patches = places.flatten(1)[:, None].expand(-1, self.size**2, -1)
        return F.fold(patches, size, self.size, stride=self.step)[:, 0, top : top + height, left : left + width]

    def _grid(self) -> list[int]:
        return [max(1, math.ceil((side - self.size) / self.step) + 1) for side in self.shape[1:]]

    def _some(self, x: Tensor, count: int) -> Tensor:
        """Return patches of some pictures of so many, `PATCHES` of all together."""
        chosen = torch.randperm(len(x) * math.prod(self.grid))[: math.ceil(PATCHES * len(x) / count)]
        found, before = x.new_empty(len(chosen), len(self.centre)), 0
        for part in self._few_at_once(x):
            patches = self._patches(part).flatten(0, 1)
            here = (before <= chosen) & (chosen < before + len(patches))
            found[here] = patches[chosen[here] - before]
            before += len(patches)
        return found

    def _few_at_once(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return parts of x whose patches fit into memory together."""
        return x.split(max(1, MOST_AT_ONCE // (math.prod(self.grid) * len(self.centre))))

    def _patches(self, x: Tensor) -> Tensor:
        padded = F.pad(x, self.around, mode="replicate")
        return F.unfold(padded, self.size, stride=self.step).transpose(1, 2)


def _patch(shape: tuple[int, int, int], patch: int) -> int:
    return max(1, min(patch, min(shape[1:]) // 2))
