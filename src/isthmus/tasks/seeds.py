"""One whole number out of whatever scikit-learn takes for a random state."""

from __future__ import annotations

from typing import Any

from sklearn.utils import check_random_state

from isthmus.errors import OptionError

__all__ = ["seed_of"]


def seed_of(random_state: Any) -> int:
    """Return a seed below 2**31: the same for the same integer, another one at every call for None.

    Raises
    ------
    OptionError
        If there can be no such random state.

    Examples
    --------
    >>> seed_of(3) == seed_of(3)
    True
    >>> seed_of(-1)
    Traceback (most recent call last):
        ...
    isthmus.errors.OptionError: random_state must be a whole number from 0 to 4294967295, not -1
    """
    try:
        return int(check_random_state(random_state).randint(2**31 - 1))
    except ValueError:
        raise OptionError(f"random_state must be a whole number from 0 to {2**32 - 1}, not {random_state}") from None
