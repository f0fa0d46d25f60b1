"""A fit leaves a whole model or none: never half of an earlier one beside half of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["fitting"]


@contextmanager
def fitting(task: Any) -> Iterator[None]:
    """Forget what an earlier fit learned, and if this one does not end, what it has learned so far.

    The earlier model does not come back: it was made with options that the task may no longer have.
    """
    _forget(task)
    try:
        yield
    except BaseException:  # an interruption as much as an error
        _forget(task)
        raise


def _forget(task: Any) -> None:
    # what the class has a value for was set by hand, as a converter's published vocoder is, and stays
    for name in [name for name in vars(task) if name.endswith("_") and not hasattr(type(task), name)]:
        delattr(task, name)
