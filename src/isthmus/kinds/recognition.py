"""What a column of a table is taken for, and what a person should know about that."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pyarrow as pa

from isthmus.errors import OptionError, SchemaWarning
from isthmus.kinds import columns as reading
from isthmus.kinds import dates
from isthmus.kinds.column import Column, Type

__all__ = ["recognise"]

FEW = 20  # rows up to which numbers that are all different say nothing
ID = re.compile(r"(?i:(^|[_ .-])(id|uuid|guid)$)|[a-z]I[dD]$")  # names of columns: id, customer_id, userId


def recognise(column: str, values: pa.ChunkedArray, wanted: str | None, named: bool, name: str) -> Column:
    """Return what a column is taken for.

    Parameters
    ----------
    column : str
    values : pyarrow.ChunkedArray
    wanted : str, optional
        The type that a person asked for.
    named : bool
        Whether the table brought names of its own; in an array nothing is taken for row numbers or a log's times.
    name : str
        What the table is called.

    Raises
    ------
    DataError, OptionError
        Where the column cannot be what it is asked to be.
    """
    if wanted == "ignored":
        return Column(column, "ignored", reason=reading.ASKED)
    kind, reason = reading.recognise(values, wanted, row_numbers=named)
    if kind == "ignored":
        return Column(column, "ignored", reason=reason)
    if kind in ("category", "boolean"):
        found, missing = reading.categories(values, kind)
        if kind == "boolean" and len(found) > 2:
            raise OptionError(
                f"columns={{{column!r}: 'boolean'}}: {name} has {len(found)} different values there; use 'category'"
            )
        words = "" if wanted else reading.hint(values)
        if words:
            warnings.warn(
                f"{name}: column {column!r} is taken for categories: {words}; mend these or leave them empty "
                "to have it read as numbers", SchemaWarning, stacklevel=4,
            )  # fmt: skip
        return Column(column, kind, categories=found, missing=missing)
    where = f"{name}, column {column!r}"
    if kind in ("datetime", "clock"):
        return _recognise_time(column, values, kind, where, named=named, asked=wanted is not None)
    numbers = reading.numbers(values, kind, where, 0)
    finite = numbers[~np.isnan(numbers)]
    whole = bool((finite == np.floor(finite)).all())
    if named and wanted is None and whole and ID.search(column) and len(np.unique(finite)) == len(numbers) > FEW:
        return Column(column, "ignored", reason="its name and its numbers, all different, say that it is an id")
    if named and wanted is None and dates.in_order(numbers):
        warnings.warn(
            f"{where}: the rows are in its order; if it counts time, all later rows would be odd; it is better left "
            f"out: columns={{{column!r}: 'ignored'}} (--drop {column})", SchemaWarning, stacklevel=4,
        )  # fmt: skip
    return Column(column, "number", missing=len(finite) < len(numbers), whole=whole)


def _recognise_time(
    column: str, values: pa.ChunkedArray, kind: Type, where: str, *, named: bool, asked: bool
) -> Column:
    formats = reading.formats(values) or [dates.ISO]
    if len(formats) > 1:
        first, second = map(dates.pattern, formats[:2])
        warnings.warn(
            f"{where}: its dates may be {first} or {second}, and are taken for {first}; write them as "
            "YYYY-MM-DD to be sure", SchemaWarning, stacklevel=5,
        )  # fmt: skip
    numbers = reading.numbers(values, kind, where, 0, formats[0])
    missing = bool(np.isnan(numbers).any())
    varies = {part: index[~np.isnan(numbers)] for part, index in dates.clock(numbers).items()}
    parts = tuple(part for part, index in varies.items() if len(np.unique(index)) > 1)
    if kind == "datetime" and not asked and named and dates.in_order(numbers):
        if not parts:
            return Column(column, "ignored", reason="the rows are in its order, so that all later ones would be odd")
        kind = "clock"
        turns = " and the ".join(parts) + (" are" if len(parts) > 1 else " is")
        warnings.warn(
            f"{where}: the rows are in its order, so that all later ones would be odd; only the "
            f"{turns} read; columns={{{column!r}: 'datetime'}} (--column "
            f"{column}=datetime) has the date read, too", SchemaWarning, stacklevel=5,
        )  # fmt: skip
    if kind == "clock" and not parts:
        raise OptionError(f"columns={{{column!r}: 'clock'}}: {where} holds one hour and one weekday")
    return Column(column, kind, missing=missing, parts=parts, format=formats[0])
