"""A table in parts of bounded size, each as it is and as the cells that a detector's network reads."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from isthmus.errors import DataError, SchemaWarning
from isthmus.kinds import tables
from isthmus.kinds.schema import Schema

__all__ = ["encoded"]


def encoded(
    schema: Schema, X: Any, model: str, *, delimiter: str | None = None, beside: str | None = None, told: bool = True
) -> Iterator[tuple[pa.Table, Tensor]]:
    """Yield the parts of X, and at the end tell of columns that hold nothing that fit saw.

    Parameters
    ----------
    schema : Schema
    X : as for `AnomalyDetector.fit`
    model : str
        What errors call the estimator.
    delimiter : str, optional
        Of a CSV file.
    beside : str, optional
        A column that is known to stand beside the data, a label: nobody is warned of it.
    told : bool
        Whether to tell; not of rows chosen for being odd.

    Raises
    ------
    DataError
        Naming missing columns, or the row and column of a wrong cell; or that there are no rows.
    """
    name, first = tables.source_name(X), 0
    unseen = np.ones(len(schema.used), bool)
    for table in tables.stream(X, delimiter=delimiter):
        if table.num_rows == 0:
            continue
        own = table.drop_columns([beside]) if beside in table.column_names else table
        cells = schema.encode(own, name=name, first=first, model=model)
        unseen &= schema.unseen(cells)
        yield table, torch.from_numpy(cells)
        first += table.num_rows
    if first == 0:
        raise DataError(f"{name}: Found array with 0 sample(s) while a minimum of 1 is required.")
    for place in np.flatnonzero(unseen) if told and first > 1 else ():
        column = schema.used[place]
        known = ", ".join(map(repr, column.categories[:3])) + (", …" if len(column.categories) > 3 else "")
        warnings.warn(
            f"{name}: column {column.name!r} holds nothing that fit saw, which was {known}: is it another column, or "
            "written another way?", SchemaWarning, stacklevel=2,
        )  # fmt: skip
