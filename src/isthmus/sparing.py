"""A limit on what may be built: a configuration of a few bytes must not ask for all memory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from isthmus.errors import ModelError

__all__ = ["Sparing"]

MAKERS = ("arange", "empty", "empty_strided", "eye", "full", "linspace", "normal", "ones", "rand", "randn", "zeros")
TIMES, BESIDE = 4, 2**26  # numbers that may be made for each one stored, and in any case


class Sparing(TorchDispatchMode):
    """While it is on, refuse to make tensors of far more numbers than some stored ones have.

    Parameters
    ----------
    stored : mapping of name to tensor

    Raises
    ------
    ModelError
        Before the memory is taken.
    """

    def __init__(self, stored: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.left: float = TIMES * sum(tensor.numel() for tensor in stored.values()) + BESIDE

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count, then do."""
        name = func.overloadpacket.__name__
        if name in MAKERS:
            self._take(_numbers(name, args))
        elif name == "repeat":
            self._take(args[0].numel() * math.prod(args[1]))
        return func(*args, **(kwargs or {}))

    def _take(self, numbers: float) -> None:
        self.left -= numbers
        if self.left < 0:
            raise ModelError("the model folder is damaged: it asks for a model much larger than the weights it holds")


def _numbers(name: str, args: Any) -> float:
    if name == "eye":
        return math.prod((args * 2)[:2])
    if name == "arange":
        return abs(args[-1] - (args[0] if len(args) > 1 else 0))
    if name == "linspace":
        return args[2]
    sizes = next((part for part in args if isinstance(part, (list, tuple))), ())
    return math.prod(sizes)
