"""The cells of a CSV, which are text, as what their columns were taken for: for files that know types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from isthmus.kinds import columns as reading
from isthmus.kinds import dates, tables
from isthmus.kinds.column import Column
from isthmus.kinds.schema import Schema

__all__ = ["typing_of"]

WIDER = (pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string())  # the widest that a part needs is the whole's


def typing_of(schema: Schema, path: Path, delimiter: str | None = None) -> Callable[[pa.Table], pa.Table]:
    """Return a function that turns parts of a CSV into tables of typed columns.

    Only columns that the schema uses change: to whole numbers where all of the file's are, else to numbers, to truths,
    and to times. What could not be written back as it was, 007 or a word that is neither true nor false, stays text.
    Where there are columns of numbers or truths, all of the file is looked at once; of others the schema says enough.
    """
    kinds: dict[str, pa.DataType] = {}
    looked_at = [column.name for column in schema.used if _is_open(column)]
    only = looked_at if schema.named else None
    for part in tables.stream(path, delimiter=delimiter, columns=only) if looked_at else ():
        for column, name in _names(schema, part):
            if _is_open(column):
                found = _kind(column, part[name])
                kinds[name] = max(kinds.get(name, found), found, key=WIDER.index)

    def typed(table: pa.Table) -> pa.Table:
        for column, name in _names(schema, table):
            values = _cast(column, table[name], kinds.get(name, pa.null()))
            table = table.set_column(table.column_names.index(name), name, values)
        return table

    return typed


def _names(schema: Schema, table: pa.Table) -> list[tuple[Column, str]]:
    """Return the used columns that a table has, with what it calls them."""
    names = table.column_names
    own = dict(zip(names if schema.named else [column.name for column in schema.columns], names, strict=False))
    return [(column, own[column.name]) for column in schema.used if column.name in own]


def _is_open(column: Column) -> bool:
    """Whether only the cells say what type a column's are: which numbers, or whether all are truths."""
    return column.type == "boolean" or (column.type == "number" and not dates.is_time_of_day(column.format))


def _kind(column: Column, values: pa.ChunkedArray) -> pa.DataType:
    if column.type == "number":
        return reading.counted(values).type
    told = pc.is_in(reading.texts_of(values, "boolean"), value_set=pa.array([*reading.TRUTHS, None], pa.string()))
    return pa.bool_() if reading.TRUTHS.keys() >= set(column.categories) and pc.all(told).as_py() else pa.string()


def _cast(column: Column, values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if column.type == "category" or kind == pa.string():
        return values
    texts = reading.texts_of(values, column.type)
    if column.type in ("datetime", "clock"):
        return dates.moments(texts, column.format)
    if column.type == "boolean":
        words = pc.index_in(texts, value_set=pa.array(reading.TRUTHS))
        return pc.take(pa.array(reading.TRUTHS.values()), words)
    if dates.is_time_of_day(column.format):
        micro = pc.round(pc.multiply(dates.seconds_of_day(texts, column.format), 1e6))
        return pc.cast(pc.cast(micro, pa.int64()), pa.time64("us"))
    return pc.cast(texts, pa.float64() if kind == pa.null() else kind)
