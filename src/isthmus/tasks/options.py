"""Options of a task, checked before any work: what is of the wrong type or out of its range is told by name."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np

from isthmus.errors import OptionError

__all__ = ["check_number", "check_options", "check_whole", "plain"]

WHOLE = {"steps": 1, "width": 1, "dimensions": 1, "draws": 1, "classes": 2, "cut": 2}  # and the least of each
WEIGHTS = ("noise", "invariance", "balance", "beta", "free_nats")  # numbers, not negative
PATHS = ("log_dir", "checkpoint")
YES_OR_NO = ("mirror", "views", "warm_start", "progress")


def check_options(options: Mapping[str, Any]) -> None:
    """Check those options that have the same meaning in several tasks.

    Raises
    ------
    OptionError
        Naming the first that is out of its range.

    Examples
    --------
    >>> check_options({"steps": 1.5})
    Traceback (most recent call last):
        ...
    isthmus.errors.OptionError: steps must be a whole number, at least 1, not 1.5
    """
    for name, value in options.items():
        if name in WHOLE:
            check_whole(name, value, WHOLE[name])
        elif name in WEIGHTS and not isinstance(value, str):  # a kind of noise has a name
            check_number(name, value)
        elif name in YES_OR_NO and not isinstance(value, (bool, np.bool_)):
            raise OptionError(f"{name} must be True or False, not {value!r}")
        elif name == "grey" and not (value is None or isinstance(value, (bool, np.bool_))):
            raise OptionError(f"grey must be True, False or None, not {value!r}")
        elif name in PATHS and not (value is None or isinstance(value, (str, os.PathLike))):
            raise OptionError(f"{name} must be a path, not {value!r}")


def check_whole(name: str, value: Any, least: int) -> None:
    """Refuse what is no whole number, or less than the least.

    Raises
    ------
    OptionError
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise OptionError(f"{name} must be a whole number, at least {least}, not {value!r}")
    if value < least:
        raise OptionError(f"{name} must be at least {least}, not {value}")


def check_number(name: str, value: Any) -> None:
    """Refuse what is no finite number, or a negative one.

    Raises
    ------
    OptionError
    """
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        raise OptionError(f"{name} must be a finite number, at least 0, not {value!r}")
    if value < 0:
        raise OptionError(f"{name} must not be negative, not {value}")


def plain(options: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return some of the options as JSON can hold them: numbers of numpy as numbers of Python."""
    return {name: value.item() if isinstance(value := options[name], np.generic) else value for name in names}
