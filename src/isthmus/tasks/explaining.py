"""Why rows are odd, as the columns of a data frame: a block of the table at a time, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from isthmus.recipes.description import TRIED
from isthmus.training.threads import one_thread

__all__ = ["Told", "explained", "silent"]

Told = Callable[[str, int], None]  # what is done, and with how many rows so far

TRIED_AT_ONCE = 2**25  # numbers: of every row explained there is a copy for each column tried, with that column mended


def silent(done: str, count: int) -> None:
    """Tell nobody."""


def explained(detector: Any, X: Any, top: int | None, told: Told = silent) -> dict[str, list[Any]]:
    """Return `row`, `column`, `share`, `seen` and `expected`, the most telling column of a row first.

    The shares of a row add up to minus its score.

    Parameters
    ----------
    detector : AnomalyDetector fitted to a table
    X : as for its `score_samples`
    top : int, optional
        Columns a row; by default all.
    told : function of what is done ("explained") and with how many rows so far
    """
    schema, description = detector.schema_, detector.description_
    used = schema.used
    most = len(used) if top is None else min(top, len(used))
    at_once = max(TRIED_AT_ONCE // (min(len(used), TRIED) * description.features.width), 1)
    found: dict[str, list[Any]] = {"row": [], "column": [], "share": [], "seen": [], "expected": []}
    first = 0
    for table, rows in detector.encoded(X, told=False):
        for start in range(0, len(rows), at_once):
            with one_thread(), torch.inference_mode():
                explanation = description.explain(rows[start : start + at_once])
            shares = explanation.shares.numpy()
            order = np.argsort(-shares, axis=1, kind="stable")[:, :most]
            for row, telling in enumerate(order):
                expected = schema.texts(explanation.expected[row].numpy())
                for place in telling:
                    found["row"].append(first + start + row)
                    found["column"].append(used[place].name)
                    found["share"].append(shares[row, place])
                    found["seen"].append(schema.text(table, start + row, int(place)))
                    found["expected"].append(expected[place])
            told("explained", first + start + len(order))
        first += table.num_rows
    return found
