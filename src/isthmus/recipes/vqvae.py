"""Neural Discrete Representation Learning (van den Oord et al., 2017, arXiv:1711.00937), of pictures.

    x ──► encoder ──► map of vectors ──► nearest entries ──► decoder ──► x̂
                                              └─ indices: the symbols, a small picture of them

Generating needs a law of the indices: `prior` is a small PixelCNN (arXiv:1606.05328) over their map, which makes the
rate honest, too: a picture costs −log of its indices under it, not log K a place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch, Code, Passage
from isthmus.codes.quantized import FiniteScalars, Quantized, levels_of
from isthmus.distances import Normal
from isthmus.networks.conv import ConvDecoder, ConvEncoder, sides
from isthmus.players import Player
from isthmus.training.samples import Samples

__all__ = ["IndexPrior", "Indices", "prior", "vqvae"]


def vqvae(
    shape: tuple[int, int, int],
    *,
    entries: int = 512,
    latent: int = 64,  # numbers in an entry
    width: int = 32,
    halvings: int = 2,
    learned: Literal["averages", "gradient", "levels"] = "averages",  # "levels": finite scalar quantisation
    deviation: float = 0.1,  # of the normal law around x̂: what makes distance and commitment comparable
) -> AutoEncoder:
    """Return a VQ-VAE of pictures (channels, height, width) in [0, 1].

    By finite scalars (Mentzer et al., 2023, arXiv:2309.15505) an entry has as many numbers as `entries` has factors
    from 4 to 8, whatever `latent` says.

    Raises
    ------
    OptionError
        Where it has no such factors, naming the nearest that have.
    """
    code = FiniteScalars(levels_of(entries)) if learned == "levels" else Quantized(entries, latent, learned=learned)
    numbers = code.width
    return AutoEncoder(
        encoder=ConvEncoder(shape, numbers, width=width, halvings=halvings, flat=False),
        code=code,
        decoder=ConvDecoder(numbers, shape, width=width, halvings=halvings, flat=False),
        distance=Normal(deviation),
    )


class _Masked(nn.Conv2d):
    """A convolution that sees only places above, and to the left in its own row (and itself, but in the first)."""

    def __init__(self, inputs: int, outputs: int, side: int, *, first: bool) -> None:
        super().__init__(inputs, outputs, side, padding=side // 2)
        self.seen: Tensor
        seen = torch.ones(side, side)
        seen[side // 2, side // 2 + (0 if first else 1) :] = 0
        seen[side // 2 + 1 :] = 0
        self.register_buffer("seen", seen, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.seen, self.bias, padding=self.padding)


class IndexPrior(nn.Module):
    """A law of maps of indices, place after place: a PixelCNN.

    Parameters
    ----------
    entries : int
    map_shape : (height, width)
    width : int
        Channels.
    depth : int
        Residual blocks.
    """

    def __init__(self, entries: int, map_shape: tuple[int, int], *, width: int = 64, depth: int = 4) -> None:
        super().__init__()
        self.entries, self.map_shape = entries, map_shape
        self.embed = nn.Embedding(entries, width)
        self.into = _Masked(width, width, 5, first=True)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.SiLU(), _Masked(width, width, 3, first=False), nn.SiLU(), nn.Conv2d(width, width, 1))
            for _ in range(depth)
        )
        self.out = nn.Conv2d(width, entries, 1)

    def logits(self, indices: Tensor) -> Tensor:
        """(batch, h, w) -> (batch, entries, h, w), each place by those before it."""
        hidden = self.into(self.embed(indices).permute(0, 3, 1, 2))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        out: Tensor = self.out(F.silu(hidden))
        return out

    def nats(self, indices: Tensor) -> Tensor:
        """(batch, h, w) -> what a map costs, (batch,)."""
        return F.cross_entropy(self.logits(indices), indices, reduction="none").flatten(1).sum(1)

    def forward(self, batch: Batch) -> Passage:
        """Return a passage whose rate is the price of the indices."""
        nats = self.nats(batch.x)
        free = torch.zeros_like(nats)
        return Passage(batch, Code(batch.x, nats, free), None, free)

    def players(self) -> list[Player]:
        """Return the one player."""
        return [Player("model", list(self.parameters()), lambda passage: passage.code.rate.mean())]

    @torch.inference_mode()
    def sample(self, count: int) -> Tensor:
        """Draw maps of indices, (count, h, w)."""
        indices = torch.zeros(count, *self.map_shape, dtype=torch.long)
        for row in range(self.map_shape[0]):
            for column in range(self.map_shape[1]):
                chance = self.logits(indices)[:, :, row, column].softmax(1)
                indices[:, row, column] = torch.multinomial(chance, 1)[:, 0]
        return indices


def prior(model: AutoEncoder, shape: tuple[int, int, int], *, halvings: int = 2, width: int = 64) -> IndexPrior:
    """Return an untrained law of the indices of a VQ-VAE."""
    code = model.code
    assert isinstance(code, (Quantized, FiniteScalars))
    return IndexPrior(code.entries, sides(*shape[1:], halvings)[-1], width=width)


class Indices:
    """The maps of indices of samples, for the prior to learn from."""

    def __init__(self, model: AutoEncoder, samples: Samples) -> None:
        self.model, self.samples = model, samples

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, chunks: Iterable[Tensor]) -> Iterator[Batch]:
        """Yield the indices of each chunk's samples."""
        for batch in self.samples.take(chunks):
            with torch.no_grad():  # left before the yield, or the loop would train without gradients
                indices = self.model.encode(batch).symbols
            yield Batch(indices)
