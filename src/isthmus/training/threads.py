"""How many threads torch uses, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

__all__ = ["one_thread", "threads"]


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Use `count` torch threads inside the block (None: as many as before), and the old number after it."""
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_thread() -> AbstractContextManager[None]:
    """Use one thread inside the block: for small networks two are slower, on a busy machine much slower."""
    return threads(1)
