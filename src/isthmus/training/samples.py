"""Where batches come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import tee
from typing import Any, Protocol

import torch
from torch import Tensor

from isthmus.code import Batch, each

__all__ = ["Beside", "InMemory", "Samples", "Told", "Viewed", "fingerprint", "ordered"]

NOTED = 64  # samples that are looked at to tell them from others


class Samples(Protocol):
    """Anything that can be counted and hands out batches by index."""

    def __len__(self) -> int:
        """Return how many samples there are."""
        ...

    def take(self, chunks: Iterable[Tensor]) -> Iterator[Batch]:
        """Yield a batch for each tensor of indices, in their order; a source on disk reads ahead here."""
        ...


class InMemory:
    """Tensors that are there already: sliced, never copied as a whole.

    A `DataLoader` over the same tensors takes a small network from 3,200 steps a second to 1,160.
    """

    def __init__(self, batch: Batch) -> None:
        self.batch = batch

    def __len__(self) -> int:
        return len(self.batch)

    def take(self, chunks: Iterable[Tensor]) -> Iterator[Batch]:
        """Yield the rows of each chunk."""
        for chunk in chunks:
            yield self.batch.rows(chunk)


class Viewed:
    """Samples of which every batch shows another view, target and all.

    Parameters
    ----------
    samples : Samples
    view : function, x -> x
    """

    def __init__(self, samples: Samples, view: Callable[[Any], Any]) -> None:
        self.samples, self.view = samples, view

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, chunks: Iterable[Tensor]) -> Iterator[Batch]:
        """Yield a view of each chunk's samples."""
        for batch in self.samples.take(chunks):
            yield Batch(self.view(batch.x), batch.given)


class Beside:
    """Samples, each with one of its neighbours, drawn anew every time, as `given["neighbour"]`.

    Parameters
    ----------
    samples : Samples
    neighbours : tensor (N, count)
        Indices.
    """

    def __init__(self, samples: Samples, neighbours: Tensor) -> None:
        self.samples, self.neighbours = samples, neighbours

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, chunks: Iterable[Tensor]) -> Iterator[Batch]:
        """Yield each chunk's samples and their neighbours."""
        for batch in self.samples.take(self._both(chunk) for chunk in chunks):
            own, other = batch.x.chunk(2)
            yield Batch(own, {"neighbour": other})

    def _both(self, chunk: Tensor) -> Tensor:
        which = torch.randint(self.neighbours.shape[1], (len(chunk),))
        return torch.cat([chunk, self.neighbours[chunk, which]])


class Told:
    """Some of the samples, each with what was found to be its class, as `given["class"]`.

    Parameters
    ----------
    samples : Samples
    which : tensor (n,)
        Indices.
    classes : tensor (n,)
    """

    def __init__(self, samples: Samples, which: Tensor, classes: Tensor) -> None:
        self.samples, self.which, self.classes = samples, which, classes

    def __len__(self) -> int:
        return len(self.which)

    def take(self, chunks: Iterable[Tensor]) -> Iterator[Batch]:
        """Yield each chunk's samples and their classes."""
        read, told = tee(chunks)
        for batch, chunk in zip(self.samples.take(self.which[chunk] for chunk in read), told, strict=False):
            yield Batch(batch.x, {"class": self.classes[chunk]})


def fingerprint(samples: Samples) -> str:
    """Return what tells these samples from others: their number, and a digest of some from all over."""
    digest = hashlib.sha256(str(len(samples)).encode())

    def note(tensor: Tensor) -> Tensor:
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
        return tensor

    few = torch.linspace(0, len(samples) - 1, min(NOTED, len(samples))).long()
    with torch.random.fork_rng():
        torch.manual_seed(0)  # for those that draw a view, a crop or a neighbour
        for batch in samples.take([few]):
            each(note, {"x": batch.x, "given": batch.given})
    return digest.hexdigest()


def ordered(count: int, *, size: int, seed: int, start: int, rank: int = 0, world: int = 1) -> Iterator[Tensor]:
    """Yield tensors of `size` indices without end, epoch after epoch, beginning with batch number `start`.

    The order of an epoch depends on (seed, epoch) alone, so a resumed run sees what an uninterrupted one
    would have. A last, shorter batch is left out: every epoch leaves out others. Of `world` processes each
    takes its own part.
    """
    share = count // world
    size = min(size, max(share, 1))
    per_epoch = max(share // size, 1)
    generator = torch.Generator()
    epoch, skip = divmod(start, per_epoch)
    while True:
        generator.manual_seed(hash((seed, epoch)) & 0x7FFF_FFFF_FFFF_FFFF)
        order = torch.randperm(count, generator=generator)[rank::world]
        yield from order[: per_epoch * size].split(size)[skip:]
        epoch, skip = epoch + 1, 0
