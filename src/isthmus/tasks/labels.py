"""A label column, where a table has one: only ever used to measure, never to train on odd rows."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np
import pyarrow as pa

from isthmus.errors import DataError, SchemaWarning

__all__ = ["odd_rows"]

ODD = {"1", "1.0", "true", "yes", "y", "t"}
EVEN = {"0", "0.0", "false", "no", "n", "f"}


def odd_rows(table: pa.Table, column: str, *, normal: str | None = None) -> np.ndarray:
    """Return which rows a label column calls odd, boolean (rows,).

    Two-valued labels of the kind 0/1, true/false, yes/no speak for themselves; of others the commonest value is
    the normal one, with a warning, unless `normal` names it.

    Raises
    ------
    DataError
        If there is no such column, or it holds a single value or gaps.
    """
    if column not in table.column_names:
        raise DataError(f"there is no label column {column!r}; the table has {', '.join(table.column_names[:12])}")
    values = ["" if value is None else str(value).strip() for value in table[column].to_pylist()]
    if "" in values:
        raise DataError(f"label column {column!r}, row {values.index('')} (the first is 0): it is empty")
    counts = Counter(values)
    if normal is not None:
        if normal not in counts:
            held = ", ".join(list(counts)[:8])
            raise DataError(f"label column {column!r} never holds {normal!r}; it holds {held}")
        ordinary = {normal}
    elif {value.lower() for value in counts} <= ODD | EVEN:
        ordinary = {value for value in counts if value.lower() in EVEN}
    else:
        commonest = counts.most_common(1)[0][0]
        ordinary = {commonest}
        warnings.warn(
            f"label column {column!r}: {commonest!r}, its commonest value, is taken for normal; normal= (--normal) "
            "names another", SchemaWarning, stacklevel=2,
        )  # fmt: skip
    return np.array([value not in ordinary for value in values])
