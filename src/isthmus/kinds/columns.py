"""One column at a time: recognise its type, turn it into numbers, write a cell as text."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from isthmus.errors import DataError

if TYPE_CHECKING:
    from isthmus.kinds.schema import Column, Type

__all__ = ["ASKED", "EMPTY", "categories", "cells", "clock", "counted", "numbers", "recognise", "stray", "text_of"]

ASKED, EMPTY = "as asked", "it has no values"
LARGEST = 1e100  # beyond it squares and sums stop being finite
BOOLEANS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
FEW = 20
GAPS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "#N/A")  # an Arrow array here would import pandas
MOSTLY = 0.8  # a column is one of numbers with stray words in it when so many of its texts are numbers
NUMERAL = r"^[+-]?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?$"  # no leading zeros: 01067 is a name, not a count
ZONED = r"\d:\d\d.*(Z|[+-]\d\d(:?\d\d)?)$"  # a time that says how far it is from UTC


def recognise(values: pa.ChunkedArray, wanted: str | None, *, row_numbers: bool) -> tuple[Type, str]:
    """Return the type of a column, and why it is ignored if it is.

    Parameters
    ----------
    values : pyarrow.ChunkedArray
    wanted : str, optional
        The type that a person asked for; it wins wherever the column can be read so.
    row_numbers : bool
        Whether consecutive whole numbers are taken for row numbers and left out.
    """
    if wanted is not None:
        return wanted, ""  # type: ignore[return-value]
    if pa.types.is_dictionary(values.type):
        values, declared = _flat(values), not _is_text(values.type)
        if declared and len(pc.unique(values)) <= _most_categories(len(values)):
            return "category", ""  # numbers that their owner calls categories
    kind = values.type
    if values.null_count == len(values):
        return "ignored", EMPTY
    if pa.types.is_boolean(kind):
        return "boolean", ""
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "datetime", ""
    if _is_numeric(kind):
        filled = values.drop_null()
        if pa.types.is_floating(kind) and bool(pc.all(pc.is_nan(filled)).as_py()):
            return "ignored", EMPTY
        if row_numbers and pa.types.is_integer(kind) and len(values) > FEW and not values.null_count:
            steps = np.diff(values.to_numpy())
            if (steps == 1).all():
                return "ignored", "it only numbers the rows"
        return "number", ""
    if _is_text(kind):
        return _recognise_text(_texts(values).drop_null())
    return "ignored", f"cells of type {kind} are not supported"


def categories(values: pa.ChunkedArray, kind: str) -> tuple[tuple[str, ...], bool]:
    """Return the distinct texts of a category or boolean column, sorted, and whether it has gaps."""
    texts = _texts(values, kind)
    return tuple(sorted(pc.unique(texts.drop_null()).to_pylist())), texts.null_count > 0


def counted(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of texts as whole numbers or numbers, if all are; else as it is.

    A text that writes its number in a way of its own (007, a date, true) is kept, so that what fit sees is what
    a row read later, as text, is compared with.
    """
    texts = _texts(values)
    present = texts.drop_null()
    if not len(present):
        return pa.chunked_array([pa.nulls(len(values))])
    for kind in (pa.int64(), pa.float64()):
        try:
            numbers = pc.cast(texts, kind)
        except pa.ArrowInvalid:
            continue
        named = pa.types.is_integer(kind) and pc.any(pc.match_substring_regex(present, r"^[+-]?0\d")).as_py()
        return values if named else numbers
    return values


def stray(values: pa.ChunkedArray) -> str:
    """Say which words stand among the numbers of a text column, "" where it is no such column."""
    if not _is_text(values.type):
        return ""
    texts = _texts(values)
    is_number = pc.match_substring_regex(texts, NUMERAL)  # null where missing
    share = pc.mean(is_number).as_py() or 0.0
    if not MOSTLY <= share < 1 or len(pc.unique(texts)) <= FEW:
        return ""
    row = pc.index(is_number, False).as_py()
    others = int(pc.sum(pc.invert(is_number)).as_py()) - 1
    more = f" and {others:,} other cells" if others else ""
    return f"its cells are numbers but for {texts[row].as_py()!r} in row {row} (the first is 0){more}"


def cells(column: Column, values: pa.ChunkedArray, name: str, first: int) -> np.ndarray:
    """Return the cells of a column's rows, (rows, cells of the column) float64.

    Raises
    ------
    DataError
        Naming the row of a cell that the column's type cannot hold.
    """
    if column.type in ("category", "boolean"):
        texts = _texts(values, column.type)
        index = _index(texts, column.categories).to_numpy().astype(float)
        known = len(column.categories)
        index[np.isnan(index)] = known + column.missing  # never seen
        if column.missing and texts.null_count:
            index[texts.is_null().to_numpy()] = known
        return index[:, None]
    value = numbers(values, column.type, f"{name}, column {column.name!r}", first)
    parts = [value]
    gap = np.isnan(value)
    if column.missing:
        parts.append(gap.astype(float))
    if column.parts:
        turns = clock(value)
        parts += [
            np.where(gap, size, turns[part]) for part, size in (("hour", 24), ("weekday", 7)) if part in column.parts
        ]
    return np.stack(parts, axis=1)


def numbers(values: pa.ChunkedArray, kind: str, where: str, first: int) -> np.ndarray:
    """Return a number or date-time column as float64 (date-times as seconds since 1970), NaN where missing."""
    values = _flat(values)
    if kind == "datetime":
        return _seconds(values, where, first)
    if _is_text(values.type):
        texts = _texts(values)
        try:
            values = pc.cast(texts, pa.float64())
        except pa.ArrowInvalid:
            bad = next(i for i, text in enumerate(texts.to_pylist()) if text is not None and not _parses(text))
            raise _wrong(where, first + bad, texts[bad].as_py(), "a number") from None
    elif not _is_numeric(values.type) and not pa.types.is_boolean(values.type) and not pa.types.is_null(values.type):
        raise DataError(f"{where}: cells of type {values.type} are not numbers")
    array = np.asarray(_float64(values).to_numpy(), dtype=np.float64)
    huge = np.abs(array) > LARGEST  # NaN is not
    if huge.any():
        row = int(huge.argmax())
        what = "infinity" if np.isinf(array[row]) else f"{array[row]:g}, beyond the largest number of {LARGEST:g}"
        raise DataError(
            f"{where}, row {first + row} (the first is 0): Input X contains {what}; leave the cell empty or mend it"
        )
    return array


def clock(seconds: np.ndarray) -> dict[str, np.ndarray]:
    """Return the hour (0 to 23) and the weekday (0 is Monday) of each time."""
    days = np.floor(seconds / 86_400)
    return {"hour": np.floor((seconds - days * 86_400) / 3600), "weekday": np.mod(days + 3, 7)}


def text_of(value: Any, kind: str, whole: bool = False) -> str:
    """Return a cell as a person would write it, in the table's own units."""
    if value is None or value != value:
        return "missing"
    if kind == "number":
        number = float(value)
        return f"{number:,.0f}" if whole and abs(number) < 1e15 else _short(number)
    if kind == "datetime":
        moment = value if isinstance(value, dt.datetime) else _moment(value)
        return moment.strftime("%Y-%m-%d %H:%M") if moment.time() != dt.time() else moment.strftime("%Y-%m-%d")
    return str(value)


def _short(number: float) -> str:
    size = abs(number)
    if size != 0 and (size < 1e-3 or size >= 1e15):
        return f"{number:.3g}"
    return f"{number:,.2f}" if size >= 10 else f"{number:.4g}"


def _moment(value: Any) -> dt.datetime:
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    try:
        return dt.datetime(1970, 1, 1) + dt.timedelta(seconds=float(value))
    except OverflowError:
        return dt.datetime.max


def _recognise_text(texts: pa.ChunkedArray) -> tuple[Type, str]:
    if not len(texts):
        return "ignored", EMPTY
    try:
        pc.cast(texts, pa.float64())
        return "number", ""
    except pa.ArrowInvalid:
        pass
    try:
        _moments(texts)
        return "datetime", ""
    except pa.ArrowInvalid:
        pass
    distinct = len(pc.unique(texts))
    if distinct <= 2 and {text.lower() for text in pc.unique(texts).to_pylist()} in BOOLEANS:
        return "boolean", ""
    if distinct > FEW and (distinct > len(texts) / 2 or distinct > _most_categories(len(texts))):
        return (
            "ignored",
            stray(texts)
            or f"{distinct:,} different texts in {len(texts):,} rows are names or free text, not categories",
        )
    return "category", ""


def _most_categories(rows: int) -> int:
    return max(100, rows // 50)


def _index(texts: pa.ChunkedArray, known: tuple[str, ...]) -> pa.ChunkedArray:
    """Return the place of each text among the known ones, null where it is missing or new.

    Numbers are compared by value where their texts differ: files and libraries write 2 and 2.0 for one category.
    """
    index = pc.index_in(texts, value_set=pa.array(known, pa.string()))
    if index.null_count == texts.null_count:
        return index
    values = {float(text): place for place, text in reversed(list(enumerate(known))) if re.match(NUMERAL, text)}
    if not values:
        return index
    lost = pc.if_else(pc.match_substring_regex(texts, NUMERAL), texts, None)
    found = pc.index_in(pc.cast(lost, pa.float64()), value_set=pa.array(values.keys(), pa.float64()), skip_nulls=True)
    return pc.coalesce(index, pc.take(pa.array(values.values(), pa.int32()), found))


def _flat(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(values, values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _texts(values: pa.ChunkedArray, type_: str = "category") -> pa.ChunkedArray:
    """Return the cells as text without margins; gaps, however written, as null; booleans in small letters."""
    texts = _written(values)
    return pc.utf8_lower(texts) if type_ == "boolean" else texts


def _written(values: pa.ChunkedArray) -> pa.ChunkedArray:
    values = _flat(values)
    kind = values.type
    if not _is_text(values.type):
        if pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_nan(values), None, values)
        try:
            return pc.cast(values, pa.string())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise DataError(f"cells of type {kind} cannot be read as text") from None
    texts = pc.utf8_trim_whitespace(pc.cast(values, pa.string()))
    return pc.if_else(pc.is_in(texts, value_set=pa.array(GAPS)), None, texts)


def _seconds(values: pa.ChunkedArray, where: str, first: int) -> np.ndarray:
    if _is_text(values.type):
        texts = _texts(values)
        try:
            values = _moments(texts)
        except pa.ArrowInvalid:
            for row, text in enumerate(texts):
                try:
                    _moments(pa.chunked_array([pa.array([text.as_py()], pa.string())]))
                except pa.ArrowInvalid:
                    raise _wrong(where, first + row, text.as_py(), "an ISO date or time") from None
            raise
    elif not (pa.types.is_timestamp(values.type) or pa.types.is_date(values.type) or pa.types.is_null(values.type)):
        raise DataError(f"{where}: cells of type {values.type} are not dates")
    micro = pc.cast(pc.cast(values, pa.timestamp("us"), safe=False), pa.int64())
    return np.asarray(_float64(micro).to_numpy(), dtype=np.float64) / 1e6


def _moments(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return ISO dates and times as time stamps, UTC where they name a zone."""
    try:
        return pc.cast(texts, pa.timestamp("us"))
    except pa.ArrowInvalid:  # zones, or digits beyond the microsecond
        texts = pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1")
        zoned = pc.match_substring_regex(texts, ZONED)
        local = pc.cast(pc.if_else(zoned, None, texts), pa.timestamp("us"))
        there = pc.cast(pc.if_else(zoned, texts, None), pa.timestamp("us", "UTC"))
        return pc.coalesce(local, pc.cast(there, pa.timestamp("us")))


def _float64(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(values, pa.float64(), safe=False)


def _wrong(where: str, row: int, text: Any, wanted: str) -> DataError:
    return DataError(f"{where}, row {row} (the first is 0): {text!r} is not {wanted}")


def _parses(text: str) -> bool:
    try:
        pc.cast(pa.scalar(text), pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _is_numeric(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
