"""Fully connected encoders and decoders for flat vectors."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Dense", "LastLayerDecoder", "LayeredEncoder"]


class Dense(nn.Module):
    """Fully connected layers, an encoder or a decoder; the last one is linear and nothing given is read.

    Parameters
    ----------
    sizes : sequence of int
        Numbers in, in each hidden layer, and out.
    activation : callable returning a module
    """

    def __init__(self, sizes: Sequence[int], *, activation: Callable[[], nn.Module] = nn.SiLU) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for pair in itertools.pairwise(sizes):
            layers += [nn.Linear(*pair), activation()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor, given: Mapping[str, Tensor] | None = None) -> Tensor:
        """(batch, ...) of as many numbers as come in -> (batch, out)."""
        output: Tensor = self.layers(x.flatten(1))
        return output


class LayeredEncoder(nn.Module):
    """Map a flat vector to the outputs of all tanh layers, side by side.

    It reads how noisy x is where the corruption tells, and takes clean x for slightly noisy: `noise` then is the
    detail below which rows count as alike.

    Parameters
    ----------
    features : int
        Numbers in x.
    width : int
        Of each layer.
    layers : int
    noise : float
        Deviation to assume where none is told; a buffer, for it may be found out after training.
    """

    noise: Tensor

    def __init__(self, features: int, width: int, *, layers: int = 2, noise: float = 0.5) -> None:
        super().__init__()
        self.register_buffer("noise", torch.tensor(noise))
        sizes = [features + 1, *[width] * layers]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in itertools.pairwise(sizes))
        for layer in self.layers:
            _initialise(layer)

    def forward(self, x: Any) -> Tensor:
        """(batch, features), alone or as {"x": ..., "noise": (batch, 1)} -> (batch, layers * width)."""
        return torch.cat(self.outputs(x), 1)

    def outputs(self, x: Any) -> list[Tensor]:
        """Return what every layer puts out, (batch, width) each; x as for `forward`."""
        if isinstance(x, Mapping):
            x, noise = x["x"], x["noise"]
        else:
            noise = self.noise.expand(len(x), 1)
        # the scale and the reading of the noise are those of Karras et al. (2022, arXiv:2206.00364, table 1)
        hidden = torch.cat([x * (1 + noise.square()).rsqrt(), 0.5 * noise.log()], 1)
        outputs = []
        for layer in self.layers:
            hidden = layer(hidden).tanh()
            outputs.append(hidden)
        return outputs


class LastLayerDecoder(nn.Module):
    """Map the last layer of a `LayeredEncoder` back to a flat vector, linearly; reads nothing of what is given.

    Parameters
    ----------
    width : int
        Of the last layer.
    features : int
        Numbers in the output.
    """

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.width = width
        self.out = nn.Linear(width, features)
        _initialise(self.out, 0.1)  # starts from the mean, as no restoring at all would

    def forward(self, value: Tensor, given: Mapping[str, Tensor] | None = None) -> Tensor:
        """(batch, layers * width), or the last layer alone, -> (batch, features)."""
        output: Tensor = self.out(value[:, -self.width :])
        return output


def _initialise(layer: nn.Module, gain: float = 1.0) -> None:
    assert isinstance(layer, nn.Linear)
    nn.init.normal_(layer.weight, std=gain * (1.6 / layer.in_features) ** 0.5)  # tanh shrinks what passes
    nn.init.zeros_(layer.bias)
