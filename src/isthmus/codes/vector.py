"""A free vector: the plain auto-encoder's code. What limits it is its width alone."""

from __future__ import annotations

from torch import Tensor

from isthmus.code import Code, Value, each
from isthmus.codes.bottleneck import Bottleneck

__all__ = ["Vector"]


class Vector(Bottleneck):
    """Pass the features on as they are, a tensor or a named group of them, at no price."""

    def forward(self, features: Value) -> Code:
        """(batch, ...) -> Code of value (batch, ...)."""
        found: list[Tensor] = []
        each(lambda tensor: found.append(tensor) or tensor, features)  # type: ignore[func-returns-value]
        free = found[0].new_zeros(len(found[0]))
        return Code(value=features, rate=free, penalty=free)
