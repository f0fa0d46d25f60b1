"""What every code can be asked."""

from __future__ import annotations

from typing import Any

from torch import nn

from isthmus.code import Code, Value
from isthmus.errors import OptionError

__all__ = ["Bottleneck"]


class Bottleneck(nn.Module):
    """The narrow place itself: features in, a `Code` out. Abstract, and it stores nothing.

    `tests/laws.py` holds what each one must obey.
    """

    def forward(self, features: Value) -> Code:
        """Turn features (batch, ...) into a code whose rate and penalty are (batch,) nats."""
        raise NotImplementedError

    def centre(self, features: Value) -> Value:
        """Return the code's value without its noise, for embeddings and reconstructions."""
        return self(features).value

    def sample(self, count: int) -> Value:
        """Draw `count` values from the prior that the rate is measured against."""
        raise OptionError(f"a {type(self).__name__.lower()} code has no prior to sample from")

    def value_of(self, symbols: Any) -> Value:
        """Return the value that `symbols` stand for, bit for bit."""
        raise OptionError(f"a {type(self).__name__.lower()} code has no symbols")
