"""Reading ahead in threads: Pillow decodes without holding the interpreter."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["AHEAD", "ahead"]

AHEAD = 4  # threads, and results that wait to be taken
Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield a function of each item, in their order, some of them worked out before they are asked for."""
    with ThreadPoolExecutor(AHEAD) as readers:
        waiting: deque[Future[Result]] = deque()
        for item in items:
            waiting.append(readers.submit(function, item))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
