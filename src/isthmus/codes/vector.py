"""A free vector: the plain auto-encoder's code. What limits it is its width alone."""

from __future__ import annotations

from torch import Tensor

from isthmus.code import Code
from isthmus.codes.bottleneck import Bottleneck

__all__ = ["Vector"]


class Vector(Bottleneck):
    """Pass the features on as they are, at no price."""

    def forward(self, features: Tensor) -> Code:
        """(batch, ...) -> Code of value (batch, ...)."""
        free = features.new_zeros(len(features))
        return Code(value=features, rate=free, penalty=free)
