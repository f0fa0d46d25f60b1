"""A table's own rows with what a detector says of them, part by part, so that any length fits in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from isthmus.kinds import tables
from isthmus.tasks.anomaly import AnomalyDetector
from isthmus.tasks.explaining import Told, explained, silent

__all__ = ["annotate", "because", "only_known", "reasons"]

LEAST = 0.1  # of the first reason's share: below it a column is no reason


def annotate(
    detector: AnomalyDetector, X: Any, *, telling: int = 3, delimiter: str | None = None
) -> Iterator[pa.Table]:
    """Yield the rows of X in their order with four columns added.

    `score` (lower is more abnormal), `p_value`, `flag`, and for flagged rows `reasons`; an underscore is
    appended to a name that the table has already.

    Parameters
    ----------
    detector : fitted AnomalyDetector
    X : as for its `score_samples`
    telling : int
        Columns to name as reasons; 0 for none, which is fastest.
    delimiter : str, optional
        Of a CSV file.
    """
    for table, rows in detector.encoded(X, delimiter=delimiter):
        scores = detector.score_rows(rows)
        flags = scores < detector.offset_
        texts = np.full(len(scores), "", dtype=object)
        if telling and flags.any():
            places = np.flatnonzero(flags)
            texts[places] = reasons(detector, table.take(places), telling)
        added = {
            "score": pa.array(scores),
            "p_value": pa.array(detector.p_values_of(scores)),
            "flag": pa.array(flags),
            "reasons": pa.array(texts, pa.string()),
        }
        for name, values in added.items():
            while name in table.column_names:
                name += "_"
            table = table.append_column(name, values)
        yield table


def reasons(detector: AnomalyDetector, table: pa.Table, telling: int, told: Told = silent) -> list[str]:
    """Return for each row of a table its most telling columns, in words, without those that tell next to nothing."""
    found = explained(detector, only_known(detector, table), telling, told)
    texts: list[list[str]] = [[] for _ in range(table.num_rows)]
    leading: dict[int, float] = {}  # each row's largest share, which comes first
    for row, column, share, seen, expected in zip(*found.values(), strict=True):
        first = leading.setdefault(row, share)
        if share > LEAST * first and seen != expected:
            texts[row].append(because(column, seen, expected))
    return ["; ".join(parts) for parts in texts]


def only_known(detector: AnomalyDetector, table: pa.Table) -> pa.Table:
    """Return a table without what stands beside the columns of the detector, of which nobody need be told again."""
    known = [column.name for column in detector.schema_.columns]
    if not (tables.named(table) and detector.schema_.named):
        return table
    return table.select([name for name in table.column_names if name in known])


def because(column: str, seen: str, expected: str) -> str:
    """Return one reason in words, of one line.

    >>> because("amount", "9,999.00", "112")
    'amount 9,999.00, expected about 112'
    """
    about = "about " if expected[:1].isdigit() or expected[:1] == "-" else ""
    return f"{' '.join(column.split())} {seen}, expected {about}{expected}"
