"""The seam: what crosses from one part of an auto-encoder to the next.

    batch ──► encoder ──► code ──► decoder ──► output ──► distance
    x, given              value    output                 nats a row

Everything that returns or reads one of these types stands above this file; it knows of none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

__all__ = ["Batch", "Code", "Passage", "Value", "each"]

Value = Any  # a tensor, or a named group of tensors ({"content": ..., "speaker": ...})


def each(function: Callable[[Tensor], Tensor], value: Value) -> Value:
    """Apply `function` to every tensor of a value.

    A named group keeps its names; what is no tensor (``None``, a reader, a list of trees) stays as it is.
    """
    if isinstance(value, Tensor):
        return function(value)
    if isinstance(value, Mapping):
        return {name: each(function, part) for name, part in value.items()}
    return value


@dataclass(frozen=True, slots=True)
class Batch:
    """Some samples, and what else is known of them.

    Attributes
    ----------
    x : tensor or named group of tensors, each (batch, ...)
        What is to be encoded and restored.
    given : mapping of name to tensor (batch, ...)
        What decoders and critics may read and the encoder by default may not: a speaker, a class,
        unpaired real sentences.
    """

    x: Value
    given: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        first = self.x
        while isinstance(first, Mapping):
            first = next(iter(first.values()))
        return len(first)

    def each(self, function: Callable[[Tensor], Tensor]) -> Batch:
        """Return the same batch with `function` applied to every tensor in it."""
        return Batch(each(function, self.x), each(function, self.given))

    def rows(self, index: Tensor | slice) -> Batch:
        """Return the samples at `index`; a slice copies nothing."""
        return self.each(lambda tensor: tensor[index])

    def repeated(self, times: int) -> Batch:
        """Return every row `times` times in succession: (batch, ...) -> (batch * times, ...)."""
        return self if times == 1 else self.each(lambda tensor: tensor.repeat_interleave(times, 0))


@dataclass(frozen=True, slots=True)
class Code:
    """What passed the narrow place.

    Attributes
    ----------
    value : tensor or named group of tensors, each (batch, ...)
        What the decoder reads.
    rate : tensor (batch,)
        What the code costs, in nats. Only what honestly is a price: it is part of the description length.
    penalty : tensor (batch,)
        What only training needs (a commitment, a balance, the extra weight of a beta-VAE). Never in a score.
    log_prob : tensor (batch,), optional
        Only where the code was *sampled* and no gradient can pass. The objective then adds the
        score-function (REINFORCE) term, and `rate` must hold log q detached, or it would count twice.
    symbols : optional
        The discrete form that people and files use: bits, indices, token ids, trees, bytes.
    """

    value: Value
    rate: Tensor
    penalty: Tensor
    log_prob: Tensor | None = None
    symbols: Any = None


@dataclass(frozen=True, slots=True)
class Passage:
    """One trip of a batch through the narrow place, made once and shared by all players.

    Attributes
    ----------
    batch : Batch
        The clean samples, each repeated `draws` times in succession.
    code : Code
    output : Any
        What the decoder handed back: parameters of a distribution, or a reader (prefix -> logits).
    distance : tensor (batch * draws,)
        Nats a row.
    draws : int
        How many codes were drawn a sample.
    """

    batch: Batch
    code: Code
    output: Any
    distance: Tensor
    draws: int = 1

    @property
    def description_length(self) -> Tensor:
        """Distance plus rate, nats a row: what training lowers, a detector ranks by, a compressor pays."""
        return self.distance + self.code.rate

    def detached(self) -> Passage:
        """Return the passage without its way back to the model, for a critic to learn from.

        An output that is a reader stays live: a critic of such a model judges the code.
        """
        cut = torch.Tensor.detach
        parts = {
            name: each(cut, getattr(self.code, name)) for name in ("value", "rate", "penalty", "log_prob", "symbols")
        }
        return replace(
            self, code=replace(self.code, **parts), output=each(cut, self.output), distance=self.distance.detach()
        )
