"""What a column of a table is taken for, and what a person should know about that."""

from __future__ import annotations

import re
import shlex
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from isthmus.errors import OptionError, SchemaWarning
from isthmus.kinds import columns as reading
from isthmus.kinds import dates
from isthmus.kinds.column import Column, Type
from isthmus.words import counted

__all__ = ["ASKED", "EMPTY", "recognise"]

ASKED, EMPTY = "as asked", "it has no values"
FEW = 20  # rows, or distinct texts, up to which their being all different says nothing
BOOLEANS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
LONGEST = 1000  # characters of a category; more is free text
MOSTLY = 0.8  # a column is one of numbers with stray words in it when so many of its texts are numbers
CORE = r"(\d{1,3}([,.' \x{a0}]\d{3})+([.,]\d+)?|\d+([.,]\d+)?)"  # with marks of thousands, or a decimal mark
UNIT = r"(\s?[%€$£¥₹]|\s[A-Za-z]{1,3}|[A-Za-z]{2,3})?"
DISGUISED = rf"^[-+(]?\s?([€$£¥₹]|[A-Z]{{3}})?\s?[-+]?{CORE}{UNIT}\)?$"  # $2,097.86; 801,83 €; 12 kg; 68.1%; (3.50)
ID = re.compile(r"(?i:(^|[_ .-])(id|uuid|guid)$)|[a-z]I[dD]$")  # names of columns: id, customer_id, userId
NAMELESS = re.compile(r"(Unnamed: \d+)?")  # as pandas reads it, where it wrote an index


def recognise(
    column: str, values: pa.ChunkedArray, wanted: str | None, named: bool, name: str, rows: Sequence[int]
) -> Column:
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
    rows : sequence of int
        The numbers of its rows.

    Raises
    ------
    DataError, OptionError
        Where the column cannot be what it is asked to be.
    """
    if wanted == "ignored":
        return Column(column, "ignored", reason=ASKED)
    where = f"{name}, column {column!r}"
    kind: Any
    kind, reason = (wanted, "") if wanted else _type_of(values, rows, row_numbers=named)
    if kind == "ignored":
        return Column(column, "ignored", reason=reason)
    if kind in ("category", "boolean"):
        found, missing = reading.categories(values, kind, where)
        if kind == "boolean" and len(found) > 2:
            raise OptionError(
                f"columns={{{column!r}: 'boolean'}}: {name} has {len(found)} different values there; use 'category'"
            )
        words = "" if wanted else _hint(values, rows)
        if words:
            warnings.warn(
                f"{name}: column {column!r} is taken for categories: {words}; mend these or leave them empty "
                "to have it read as numbers", SchemaWarning, stacklevel=4,
            )  # fmt: skip
        return Column(column, kind, categories=found, missing=missing)
    if kind in ("datetime", "clock"):
        return _recognise_time(column, values, kind, where, rows, named=named, asked=wanted is not None)
    format = reading.time_format(values)
    numbers = reading.numbers(values, kind, where, rows, format)
    finite = numbers[~np.isnan(numbers)]
    whole = bool((finite == np.floor(finite)).all())
    if named and wanted is None and whole and len(np.unique(finite)) == len(numbers) > FEW:
        if ID.search(column):
            return Column(column, "ignored", reason="its name and its numbers, all different, say that it is an id")
        if NAMELESS.fullmatch(column.strip()):
            return Column(column, "ignored", reason="it has no name, and its numbers are all different: an index")
    if named and wanted is None and dates.in_order(numbers):
        warnings.warn(
            f"{where}: the rows are in its order; if it counts time, all later rows would be odd; it is better left "
            f"out: columns={{{column!r}: 'ignored'}} (--drop {shlex.quote(column)})", SchemaWarning, stacklevel=4,
        )  # fmt: skip
    return Column(column, "number", missing=len(finite) < len(numbers), whole=whole, format=format)


def _recognise_time(
    column: str, values: pa.ChunkedArray, kind: Type, where: str, rows: Sequence[int], *, named: bool, asked: bool
) -> Column:
    formats = reading.formats(values) or [dates.ISO]
    if len(formats) > 1:
        first, second = map(dates.pattern, formats[:2])
        warnings.warn(
            f"{where}: its dates may be {first} or {second}, and are taken for {first}; write them as "
            "YYYY-MM-DD to be sure", SchemaWarning, stacklevel=5,
        )  # fmt: skip
    numbers = reading.numbers(values, kind, where, rows, formats[0])
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
            f"{shlex.quote(column)}=datetime) has the date read, too", SchemaWarning, stacklevel=5,
        )  # fmt: skip
    if kind == "clock" and not parts:
        raise OptionError(f"columns={{{column!r}: 'clock'}}: {where} holds one hour and one weekday")
    return Column(column, kind, missing=missing, parts=parts, format=formats[0])


def _type_of(values: pa.ChunkedArray, rows: Sequence[int], *, row_numbers: bool) -> tuple[Type, str]:
    """Return the type of a column, and why it is ignored if it is.

    Parameters
    ----------
    values : pyarrow.ChunkedArray
    rows : sequence of int
        The numbers of the rows.
    row_numbers : bool
        Whether consecutive whole numbers are taken for row numbers and left out.
    """
    if not reading.is_plain(values.type):
        return "ignored", f"cells of type {values.type} are not supported"
    if pa.types.is_dictionary(values.type):
        values, declared = reading.flat(values), not reading.is_text(values.type)
        if declared and len(pc.unique(values)) <= _most_categories(len(values)):
            return "category", ""  # numbers that their owner calls categories
    kind = values.type
    if values.null_count == len(values):
        return "ignored", EMPTY
    if pa.types.is_boolean(kind):
        return "boolean", ""
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "datetime", ""
    if pa.types.is_time(kind) or pa.types.is_duration(kind):
        return "number", ""
    if reading.is_numeric(kind):
        filled = values.drop_null()
        if pa.types.is_floating(kind) and bool(pc.all(pc.is_nan(filled)).as_py()):
            return "ignored", EMPTY
        if row_numbers and pa.types.is_integer(kind) and len(values) > FEW and not values.null_count:
            steps = np.diff(values.to_numpy())
            if (steps == 1).all():
                return "ignored", "it only numbers the rows"
        return "number", ""
    if reading.is_text(kind):
        return _type_of_text(reading.texts_of(values), rows)
    return "ignored", f"cells of type {kind} are not supported"


def _type_of_text(cells: pa.ChunkedArray, rows: Sequence[int]) -> tuple[Type, str]:
    texts = cells.drop_null()
    if not len(texts):
        return "ignored", EMPTY
    if not pc.any(pc.match_substring_regex(texts, reading.NAMED)).as_py():
        try:
            pc.cast(texts, pa.float64())
            return "number", ""
        except pa.ArrowInvalid:
            pass
    if dates.format_of(texts):
        return "datetime", ""
    if dates.time_format_of(texts):
        return "number", ""
    different = pc.unique(texts)
    distinct, longest = len(different), pc.max(pc.utf8_length(different)).as_py()
    if distinct <= 2 and {text.lower() for text in different.to_pylist()} in BOOLEANS:
        return "boolean", ""
    if distinct > FEW and (distinct > len(texts) / 2 or distinct > _most_categories(len(texts))):
        return (
            "ignored",
            _hint(cells, rows)
            or f"{distinct:,} different texts in {len(texts):,} rows are names or free text, not categories",
        )
    if longest > LONGEST:
        return "ignored", f"texts of up to {longest:,} characters are free text, not categories"
    return "category", ""


def _most_categories(rows: int) -> int:
    return max(100, rows // 50)


def _hint(values: pa.ChunkedArray, rows: Sequence[int]) -> str:
    """Say what keeps a column of texts from being one of numbers: stray words, or how they are written; else "".

    `rows` are the numbers of its rows.
    """
    if not reading.is_text(values.type):
        return ""
    texts = reading.texts_of(values)
    if len(pc.unique(texts)) <= FEW:
        return ""
    for shape, kept in ((reading.NUMERAL, _stray), (DISGUISED, _disguised)):
        fits = pc.match_substring_regex(texts, shape)  # null where missing
        if (pc.mean(fits).as_py() or 0.0) >= MOSTLY:
            return kept(texts, fits, rows)
    return ""


def _stray(texts: pa.ChunkedArray, is_number: pa.ChunkedArray, rows: Sequence[int]) -> str:
    row = pc.index(is_number, False).as_py()
    if row < 0:
        return ""
    others = int(pc.sum(pc.invert(is_number)).as_py()) - 1
    more = f" and {counted(others, 'other cell')}" if others else ""
    return (
        f"its cells are numbers but for {reading.quoted(texts[row].as_py())} in row {rows[row]} (the first is 0){more}"
    )


def _disguised(texts: pa.ChunkedArray, fits: pa.ChunkedArray, rows: Sequence[int]) -> str:
    plain = pc.if_else(fits, pc.invert(pc.match_substring_regex(texts, reading.NUMERAL)), False)
    row = pc.index(plain, True).as_py()
    return (
        f"its cells are numbers written another way, such as {reading.quoted(texts[row].as_py())} in row {rows[row]} "
        "(the first is 0): digits and a decimal point alone would be read as numbers"
    )
