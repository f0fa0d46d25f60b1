"""A code of several parts, each with a narrow place of its own: content and speaker, content and style."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from isthmus.code import Code, Value
from isthmus.codes.bottleneck import Bottleneck

__all__ = ["Split"]


class Split(Bottleneck):
    """Pass every part of a named group of features through its own code.

    Rate and penalty are the sums over the parts. Symbols are a group, too, of those parts that have any; they stand for
    the whole value only where all have.

    Parameters
    ----------
    **parts : Bottleneck
        By the names of the features.
    """

    def __init__(self, **parts: Bottleneck) -> None:
        super().__init__()
        self.parts: Mapping[str, Bottleneck] = nn.ModuleDict(parts)  # type: ignore[assignment]

    def forward(self, features: Mapping[str, Value]) -> Code:
        """{name: (batch, ...)} -> Code of value {name: (batch, ...)}."""
        codes = {name: part(features[name]) for name, part in self.parts.items()}
        drawn = [code.log_prob for code in codes.values() if code.log_prob is not None]
        symbols = {name: code.symbols for name, code in codes.items() if code.symbols is not None}
        return Code(
            value={name: code.value for name, code in codes.items()},
            rate=_total([code.rate for code in codes.values()]),
            penalty=_total([code.penalty for code in codes.values()]),
            log_prob=_total(drawn) if drawn else None,
            symbols=symbols or None,
        )

    def centre(self, features: Mapping[str, Value]) -> Value:
        """Return the values without noise, part by part."""
        return self._each(lambda name, part: part.centre(features[name]))

    def sample(self, count: int) -> Value:
        """Draw each part from its own prior."""
        return self._each(lambda name, part: part.sample(count))

    def value_of(self, symbols: Mapping[str, Value]) -> Value:
        """Return the values that the symbols of all parts stand for."""
        return self._each(lambda name, part: part.value_of(symbols.get(name)))

    def _each(self, function: Callable[[str, Bottleneck], Value]) -> Value:
        return {name: function(name, part) for name, part in self.parts.items()}


def _total(prices: list[Tensor]) -> Tensor:
    total = prices[0]
    for price in prices[1:]:
        total = total + price
    return total
