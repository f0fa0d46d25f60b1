"""A limit on what may be built: a configuration of a few bytes must not ask for all memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from isthmus.errors import ModelError

__all__ = ["Sparing"]

TIMES, BESIDE = 4, 2**26  # numbers that may be made for each one stored, and in any case


class Sparing(TorchDispatchMode):
    """While it is on, refuse to make tensors of far more numbers than some stored ones have.

    What is asked for at once is counted before it is made, whatever else comes up once it is there.

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
        self._allow(_asked(func.overloadpacket.__name__, args))
        result = func(*args, **(kwargs or {}))
        known = {part.untyped_storage().data_ptr() for part in tree_leaves((args, kwargs)) if isinstance(part, Tensor)}
        for part in tree_leaves(result):
            if isinstance(part, Tensor) and part.untyped_storage().data_ptr() not in known:
                self._allow(part.numel())
                self.left -= part.numel()
        return result

    def _allow(self, numbers: float) -> None:
        if numbers > self.left:
            raise ModelError("the model folder is damaged: it asks for a model much larger than the weights it holds")


def _asked(name: str, args: Sequence[Any]) -> float:
    """Return how many numbers an operation will make, as far as that can be told from what it is given."""
    shapes = [part.shape for part in args if isinstance(part, Tensor)]
    if name == "eye":
        return math.prod((*args, *args)[:2])
    if name == "arange":
        start, end, step = (0, *args, 1) if len(args) == 1 else (*args, 1)[:3]
        return abs((end - start) / step)
    if name in ("linspace", "logspace"):
        return args[2]
    if name == "repeat":
        return shapes[0].numel() * math.prod(args[1])
    if not shapes or name.startswith("new_"):  # empty, zeros, full, rand, …: the sizes come first
        sizes = next((part for part in args if isinstance(part, (list, tuple))), ())
        return math.prod(size for size in sizes if isinstance(size, int))
    if len(shapes) == 2:
        with suppress(RuntimeError):  # a product of matrices, and others whose shapes need not go together
            return torch.broadcast_shapes(*shapes).numel()
    return 0
