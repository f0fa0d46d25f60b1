"""Reconstruction losses: negative log-likelihoods, in nats, of x under what the decoder hands back."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.errors import OptionError

__all__ = ["Bernoulli", "Categorical", "Distance", "Laplace", "Normal", "Of", "OnlyWhere"]


class Distance(nn.Module):
    """How far an output is from x. Abstract: write `places`, and `expected` to say what x was expected."""

    def places(self, output: Any, x: Tensor) -> Tensor:
        """Return the nats of every place, shaped as x: a heat map, or the columns of an explanation."""
        raise NotImplementedError

    def expected(self, output: Any) -> Any:
        """Return what the output expects to see, shaped and scaled as x."""
        raise NotImplementedError

    def forward(self, output: Any, x: Tensor, where: Tensor | None = None) -> Tensor:
        """Sum the places of every row: -> (batch,) nats. Only `OnlyWhere` reads `where`."""
        return self.places(output, x).flatten(1).sum(1)


class Normal(Distance):
    """A normal density around the output, with one deviation a place or one for all.

    Parameters
    ----------
    scale : float or tensor, shaped as one row
        The deviation. 1 / sqrt(2) gives the plain squared error, up to a constant.
    learned : bool
        Whether training moves the deviation, too (Rybkin et al., 2021, arXiv:2006.13202): the width that
        makes distance and rate comparable without a weight between them.
    bounded : bool
        Whether the output is a logit and the mean its sigmoid: for pictures in [0, 1].
    """

    log_scale: Tensor

    def __init__(self, scale: float | Tensor = 1.0, *, learned: bool = False, bounded: bool = False) -> None:
        super().__init__()
        self.bounded = bounded
        _keep_scale(self, scale, learned)

    def places(self, output: Tensor, x: Tensor) -> Tensor:
        """(batch, ...), (batch, ...) -> (batch, ...) nats."""
        _same_shape(output, x)
        standard = (x - self.expected(output)) * (-self.log_scale).exp()
        return 0.5 * standard.square() + self.log_scale + 0.5 * math.log(2 * math.pi)

    def expected(self, output: Tensor) -> Tensor:
        """Return the mean."""
        return output.sigmoid() if self.bounded else output


class Laplace(Distance):
    """A Laplace density around the output: the absolute error, which forgives a few large misses.

    Parameters
    ----------
    scale : float
        The mean absolute deviation.
    learned : bool
        Whether training moves it, too.
    """

    log_scale: Tensor

    def __init__(self, scale: float = 1.0, *, learned: bool = False) -> None:
        super().__init__()
        _keep_scale(self, scale, learned)

    def places(self, output: Tensor, x: Tensor) -> Tensor:
        """(batch, ...), (batch, ...) -> (batch, ...) nats."""
        _same_shape(output, x)
        return (x - output).abs() * (-self.log_scale).exp() + self.log_scale + math.log(2)

    def expected(self, output: Tensor) -> Tensor:
        """Return the median, which is the output."""
        return output


class Bernoulli(Distance):
    """Bits, or grey values in [0, 1] read as probabilities, under the output's logits."""

    def places(self, output: Tensor, x: Tensor) -> Tensor:
        """(batch, ...) logits, (batch, ...) in [0, 1] -> (batch, ...) nats."""
        _same_shape(output, x)
        return F.binary_cross_entropy_with_logits(output, x, reduction="none")

    def expected(self, output: Tensor) -> Tensor:
        """Return the probabilities."""
        return output.sigmoid()


class Categorical(Distance):
    """Indices under the output's logits, whose classes stand in dimension 1."""

    def places(self, output: Tensor, x: Tensor) -> Tensor:
        """(batch, K, ...) logits, (batch, ...) indices -> (batch, ...) nats."""
        nats = F.cross_entropy(output, x, reduction="none")
        return nats if nats.dim() > 1 else nats.unsqueeze(1)

    def expected(self, output: Tensor) -> Tensor:
        """Return the likeliest index."""
        return output.argmax(1)


class OnlyWhere(Distance):
    """Count only the spoiled places of another distance, as BERT and masked columns do.

    Without a mask (a score, a clean row) all places count.
    """

    def __init__(self, distance: Distance) -> None:
        super().__init__()
        self.distance = distance

    def places(self, output: Any, x: Tensor) -> Tensor:
        """Return the nats of every place, spoiled or not."""
        return self.distance.places(output, x)

    def expected(self, output: Any) -> Any:
        """Return what the other distance expects."""
        return self.distance.expected(output)

    def forward(self, output: Any, x: Tensor, where: Tensor | None = None) -> Tensor:
        """-> (batch,) nats."""
        nats = self.places(output, x)
        return (nats if where is None else nats.where(where, 0.0)).flatten(1).sum(1)


class Of(Distance):
    """Judge the output by one part of x, where x is a named group of tensors.

    Parameters
    ----------
    name : str
    distance : Distance
    """

    def __init__(self, name: str, distance: Distance) -> None:
        super().__init__()
        self.name, self.distance = name, distance

    def places(self, output: Any, x: Any) -> Tensor:
        """Return the nats of every place of the part."""
        return self.distance.places(output, x[self.name])

    def expected(self, output: Any) -> Any:
        """Return what the other distance expects of the part, under its name."""
        return {self.name: self.distance.expected(output)}


def _keep_scale(distance: nn.Module, scale: float | Tensor, learned: bool) -> None:
    """Give a distance its `log_scale`, as a parameter or as a buffer."""
    log_scale = torch.as_tensor(scale, dtype=torch.float32).log()
    if not torch.isfinite(log_scale).all():
        raise OptionError("scale must be positive and finite")
    if learned:
        distance.register_parameter("log_scale", nn.Parameter(log_scale))
    else:
        distance.register_buffer("log_scale", log_scale)


def _same_shape(output: Tensor, x: Tensor) -> None:
    # Broadcasting would silently compare every row with every other.
    if output.shape != x.shape:
        raise ValueError(f"the decoder's output is {tuple(output.shape)}, x is {tuple(x.shape)}")
