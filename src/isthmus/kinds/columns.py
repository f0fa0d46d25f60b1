"""One column at a time: turn it into numbers, write a cell as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from isthmus.errors import DataError
from isthmus.kinds import dates

if TYPE_CHECKING:
    from isthmus.kinds.column import Column

__all__ = [
    "NAMED", "NUMERAL", "TRUTHS", "can_be_text", "categories", "cells", "counted", "flat", "formats", "is_numeric",
    "is_plain", "is_text", "numbers", "quoted", "text_of", "texts_of", "time_format",
]  # fmt: skip

LARGEST = 1e100  # beyond it squares and sums stop being finite
GAPS = (  # those that pandas knows; an Arrow array here would import it
    "", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None", "<NA>", "NaT", "#N/A", "#NA",
    "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
)  # fmt: skip
NUMERAL = r"^[+-]?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?$"  # no leading zeros: 01067 is a name, not a count
NAMED = r"^[+-]?0[\dxX]"  # 01067, 0x1f: numbers that are names
TRUTHS = {
    **dict.fromkeys(("true", "yes", "y", "t", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0", "0.0"), False),
}
SHOWN = 80  # characters of a cell that are shown to people


def categories(values: pa.ChunkedArray, kind: str, where: str) -> tuple[tuple[str, ...], bool]:
    """Return the distinct texts of a category or boolean column, sorted, and whether it has gaps."""
    texts = texts_of(values, kind, where)
    return tuple(sorted(pc.unique(texts.drop_null()).to_pylist())), texts.null_count > 0


def counted(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of texts as whole numbers or numbers, if all are; else as it is.

    A text that writes its number in a way of its own (007, a date, true) is kept, so that what fit sees is what
    a row read later, as text, is compared with.
    """
    texts = texts_of(values)
    present = texts.drop_null()
    if not len(present):
        return pa.chunked_array([pa.nulls(len(values))])
    for kind in (pa.int64(), pa.float64()):
        try:
            numbers = pc.cast(texts, kind)
        except pa.ArrowInvalid:
            continue
        return values if pc.any(pc.match_substring_regex(present, NAMED)).as_py() else numbers
    return values


def cells(column: Column, values: pa.ChunkedArray, name: str, rows: Sequence[int]) -> np.ndarray:
    """Return the cells of a column's rows, (rows, cells of the column) float64; `rows` are the numbers of its rows.

    Raises
    ------
    DataError
        Naming the row of a cell that the column's type cannot hold.
    """
    where = f"{name}, column {column.name!r}"
    if column.type in ("category", "boolean"):
        texts = texts_of(values, column.type, where)
        places = _index(texts, column.categories, truths=column.type == "boolean")
        strange = pc.and_(places.is_null(), texts.is_valid())
        if pc.any(strange).as_py():
            _check_kind(flat(values).type, column, where, rows[pc.index(strange, True).as_py()])
        known = len(column.categories)
        index = pc.fill_null(places, known + column.missing).to_numpy().astype(float)  # never seen
        if column.missing and texts.null_count:
            index[texts.is_null().to_numpy()] = known
        return index[:, None]
    value = numbers(values, column.type, where, rows, column.format)
    parts = []
    gap = np.isnan(value)
    if column.type != "clock":
        parts.append(value)
        if column.missing:
            parts.append(gap.astype(float))
    if column.parts:
        turns = dates.clock(value)
        parts += [
            np.where(gap, size, turns[part]) for part, size in (("hour", 24), ("weekday", 7)) if part in column.parts
        ]
    return np.stack(parts, axis=1)


def formats(values: pa.ChunkedArray) -> list[str]:
    """Return how the dates of a column may be written, the likeliest first."""
    return dates.format_of(texts_of(values).drop_null()) if is_text(values.type) else [dates.ISO]


def time_format(values: pa.ChunkedArray) -> str:
    """Return how the times of day of a column are written, "" where it holds something else."""
    if pa.types.is_time(values.type):
        return dates.TIME
    return dates.time_format_of(texts_of(values).drop_null()) if is_text(values.type) else ""


def numbers(values: pa.ChunkedArray, kind: str, where: str, rows: Sequence[int], format: str = dates.ISO) -> np.ndarray:
    """Return a number or date-time column as float64, NaN where missing.

    Times are seconds: of a date-time since 1970, of a time of day since midnight. Errors begin with `where` and name
    the row by its number among `rows`.
    """
    if not is_plain(values.type):
        raise DataError(f"{where}: cells of type {values.type} are not supported")
    values = flat(values)
    if kind in ("datetime", "clock"):
        return _seconds(values, where, rows, format)
    if is_text(values.type):
        clock = dates.is_time_of_day(format)
        reader, what = (dates.seconds_of_day, "a time of day") if clock else (_counted_as, "a number")
        values = _read(values, reader, format, where, rows, what)
    elif pa.types.is_time(values.type) or pa.types.is_duration(values.type):
        values = dates.in_seconds(values)
    elif not is_numeric(values.type) and not pa.types.is_boolean(values.type) and not pa.types.is_null(values.type):
        raise DataError(f"{where}: cells of type {values.type} are not numbers")
    array = np.asarray(_float64(values).to_numpy(), dtype=np.float64)
    huge = np.abs(array) > LARGEST  # NaN is not
    if huge.any():
        row = int(huge.argmax())
        what = "infinity" if np.isinf(array[row]) else f"{array[row]:g}, beyond the largest number of {LARGEST:g}"
        raise DataError(
            f"{where}, row {rows[row]} (the first is 0): Input X contains {what}; leave the cell empty or mend it"
        )
    return array


def text_of(value: Any, kind: str, whole: bool = False, format: str = dates.ISO) -> str:
    """Return a cell as a person would write it, in the table's own units."""
    if value is None or value != value:
        return "missing"
    if kind == "number" and dates.is_time_of_day(format):
        return dates.time_text(round(value) if whole else float(value))
    if kind == "number":
        number = float(value) + 0.0  # no zero is below zero
        return f"{round(number):,}" if whole and abs(number) < 1e15 else _short(number)
    if kind in ("datetime", "clock"):
        moment = dates.moment(value)
        date = moment.date().isoformat()  # strftime would write the year 1 as "1"
        text = f"{date} {moment:%H:%M}" if moment.time() != moment.min.time() else date
        return text if kind == "datetime" else f"{text} ({dates.WEEKDAYS[moment.weekday()]})"
    text = " ".join(str(value)[: 2 * SHOWN].split())
    text = "".join(mark if mark.isprintable() else "\ufffd" for mark in text)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _short(number: float) -> str:
    size = abs(number)
    if size != 0 and (size < 1e-3 or size >= 1e15):
        return f"{number:.3g}"
    return f"{number:,.2f}" if size >= 10 else f"{number:.4g}"


def _index(texts: pa.ChunkedArray, known: tuple[str, ...], *, truths: bool) -> pa.ChunkedArray:
    """Return the place of each text among the known ones, null where it is missing or new.

    Where their texts differ, numbers are compared by value, as files and libraries write 2 and 2.0 for one category,
    and the words of a boolean column, where that is asked, by what they say: yes is true.
    """
    index = pc.index_in(texts, value_set=pa.array(known, pa.string()))
    if index.null_count == texts.null_count:
        return index
    said = {TRUTHS[text]: place for place, text in enumerate(known) if text in TRUTHS}
    if truths and len(said) == len(known):
        words = {word: said[truth] for word, truth in TRUTHS.items() if truth in said}
        return _places(texts, words, pa.string())
    values = {float(text): place for place, text in reversed(list(enumerate(known))) if re.match(NUMERAL, text)}
    if not values:
        return index
    lost = pc.if_else(pc.match_substring_regex(texts, NUMERAL), texts, None)
    return pc.coalesce(index, _places(pc.cast(lost, pa.float64()), values, pa.float64()))


def _places(values: pa.ChunkedArray, known: Mapping[Any, int], kind: pa.DataType) -> pa.ChunkedArray:
    found = pc.index_in(values, value_set=pa.array(known.keys(), kind), skip_nulls=True)
    return pc.take(pa.array(known.values(), pa.int32()), found)


def _check_kind(kind: pa.DataType, column: Column, where: str, row: int) -> None:
    """Refuse numbers, dates or truths where fit saw words and nothing of the kind: another column, or another type.

    Cells that are text may say anything: a text is a category that fit never saw.
    """
    if is_numeric(kind):
        came, alike = "numbers", NUMERAL
    elif pa.types.is_boolean(kind):
        came, alike = "true and false", "(?i)^(true|false)$"
    elif pa.types.is_temporal(kind):
        came, alike = "dates or times", r"^\d+[-:]\d\d"
    else:
        return
    if column.categories and not any(re.match(alike, text) for text in column.categories):
        raise DataError(
            f"{where}, row {row} (the first is 0): cells of type {kind} are {came}, and fit saw words such as "
            f"{quoted(column.categories[0])}"
        )


def flat(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column without the dictionary that its values may stand in."""
    return pc.cast(values, values.type.value_type) if pa.types.is_dictionary(values.type) else values


def texts_of(values: pa.ChunkedArray, type_: str = "category", where: str = "the table") -> pa.ChunkedArray:
    """Return the cells as text without margins; gaps, however written, as null; booleans in small letters.

    Raises
    ------
    DataError
        Beginning with `where`, if they are of a type that has no text.
    """
    if not can_be_text(values.type):
        raise DataError(f"{where}: cells of type {values.type} cannot be read as text")
    texts = flat(values)
    if is_text(texts.type):
        texts = pc.utf8_trim_whitespace(pc.cast(texts, pa.string()))
        texts = pc.if_else(pc.is_in(texts, value_set=pa.array(GAPS)), None, texts)
    else:
        texts = pc.if_else(pc.is_nan(texts), None, texts) if pa.types.is_floating(texts.type) else texts
        texts = pc.cast(texts, pa.string())
    return pc.utf8_lower(texts) if type_ == "boolean" else texts


def can_be_text(kind: pa.DataType) -> bool:
    """Whether cells of a type can be read as text, and so as categories."""
    if pa.types.is_dictionary(kind):
        return can_be_text(kind.value_type)
    try:
        pc.cast(pa.nulls(0, kind), pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _seconds(values: pa.ChunkedArray, where: str, rows: Sequence[int], format: str) -> np.ndarray:
    if is_text(values.type):
        wanted = "an ISO date or time" if format == dates.ISO else "a date or time"
        values = _read(values, dates.moments, format, where, rows, f"{wanted} ({dates.pattern(format)})")
    elif not (pa.types.is_timestamp(values.type) or pa.types.is_date(values.type) or pa.types.is_null(values.type)):
        raise DataError(f"{where}: cells of type {values.type} are not dates")
    micro = pc.cast(pc.cast(values, pa.timestamp("us"), safe=False), pa.int64())
    return np.asarray(_float64(micro).to_numpy(), dtype=np.float64) / 1e6


def _float64(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(values, pa.float64(), safe=False)


def _counted_as(texts: pa.ChunkedArray, _: str) -> pa.ChunkedArray:
    return pc.cast(texts, pa.float64())


def _read(
    values: pa.ChunkedArray, reader: Callable[[Any, str], Any], format: str, where: str, rows: Sequence[int], what: str
) -> Any:
    """Read texts, or name the first that is not `what` is wanted."""
    texts = texts_of(values)
    try:
        return reader(texts, format)
    except pa.ArrowInvalid:
        for row, text in enumerate(texts.to_pylist()):
            try:
                reader(pa.chunked_array([pa.array([text], pa.string())]), format)
            except pa.ArrowInvalid:
                raise DataError(f"{where}, row {rows[row]} (the first is 0): {quoted(text)} is not {what}") from None
        raise


def quoted(text: str) -> str:
    """Return a text as an error shows it, cut where it is long."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def is_plain(kind: pa.DataType) -> bool:
    """Whether the values behind a dictionary, if it is one, can be taken out of it."""
    if not pa.types.is_dictionary(kind):
        return True
    return not (pa.types.is_nested(kind.value_type) or isinstance(kind.value_type, pa.BaseExtensionType))


def is_text(kind: pa.DataType) -> bool:
    """Whether cells are texts, be it in a dictionary."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_numeric(kind: pa.DataType) -> bool:
    """Whether cells are numbers."""
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
