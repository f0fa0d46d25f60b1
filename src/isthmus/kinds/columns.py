"""One column at a time: recognise its type, turn it into numbers, write a cell as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from isthmus.errors import DataError
from isthmus.kinds import dates

if TYPE_CHECKING:
    from isthmus.kinds.column import Column, Type

__all__ = [
    "ASKED",
    "EMPTY",
    "categories",
    "cells",
    "counted",
    "formats",
    "hint",
    "numbers",
    "recognise",
    "text_of",
    "texts_of",
]

ASKED, EMPTY = "as asked", "it has no values"
LARGEST = 1e100  # beyond it squares and sums stop being finite
BOOLEANS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
FEW = 20
GAPS = (  # those that pandas knows; an Arrow array here would import it
    "", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None", "<NA>", "NaT", "#N/A", "#NA",
    "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
)  # fmt: skip
MOSTLY = 0.8  # a column is one of numbers with stray words in it when so many of its texts are numbers
NUMERAL = r"^[+-]?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?$"  # no leading zeros: 01067 is a name, not a count
NAMED = r"^[+-]?0[\dxX]"  # 01067, 0x1f: numbers that are names
CORE = r"(\d{1,3}([,.' \x{a0}]\d{3})+([.,]\d+)?|\d+([.,]\d+)?)"  # with marks of thousands, or a decimal mark
UNIT = r"(\s?[%€$£¥₹]|\s[A-Za-z]{1,3}|[A-Za-z]{2,3})?"
DISGUISED = rf"^[-+(]?\s?([€$£¥₹]|[A-Z]{{3}})?\s?[-+]?{CORE}{UNIT}\)?$"  # $2,097.86; 801,83 €; 12 kg; 68.1%; (3.50)
LONGEST = 1000  # characters of a category; more is free text
SHOWN = 80  # characters of a cell that are shown to people


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
    if not _is_plain(values.type):
        return "ignored", f"cells of type {values.type} are not supported"
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
        return _recognise_text(texts_of(values).drop_null())
    return "ignored", f"cells of type {kind} are not supported"


def categories(values: pa.ChunkedArray, kind: str) -> tuple[tuple[str, ...], bool]:
    """Return the distinct texts of a category or boolean column, sorted, and whether it has gaps."""
    texts = texts_of(values, kind)
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


def hint(values: pa.ChunkedArray) -> str:
    """Say what keeps a column of texts from being one of numbers: stray words, or how they are written; else ""."""
    if not _is_text(values.type):
        return ""
    texts = texts_of(values)
    if len(pc.unique(texts)) <= FEW:
        return ""
    for shape, kept in ((NUMERAL, _stray), (DISGUISED, _disguised)):
        fits = pc.match_substring_regex(texts, shape)  # null where missing
        if (pc.mean(fits).as_py() or 0.0) >= MOSTLY:
            return kept(texts, fits)
    return ""


def _stray(texts: pa.ChunkedArray, is_number: pa.ChunkedArray) -> str:
    row = pc.index(is_number, False).as_py()
    if row < 0:
        return ""
    others = int(pc.sum(pc.invert(is_number)).as_py()) - 1
    more = f" and {others:,} other cells" if others else ""
    return f"its cells are numbers but for {_quoted(texts[row].as_py())} in row {row} (the first is 0){more}"


def _disguised(texts: pa.ChunkedArray, fits: pa.ChunkedArray) -> str:
    plain = pc.if_else(fits, pc.invert(pc.match_substring_regex(texts, NUMERAL)), False)
    row = pc.index(plain, True).as_py()
    return (
        f"its cells are numbers written another way, such as {_quoted(texts[row].as_py())} in row {row} (the first is "
        "0): digits and a decimal point alone would be read as numbers"
    )


def cells(column: Column, values: pa.ChunkedArray, name: str, first: int) -> np.ndarray:
    """Return the cells of a column's rows, (rows, cells of the column) float64.

    Raises
    ------
    DataError
        Naming the row of a cell that the column's type cannot hold.
    """
    if column.type in ("category", "boolean"):
        texts = texts_of(values, column.type)
        index = _index(texts, column.categories).to_numpy().astype(float)
        known = len(column.categories)
        index[np.isnan(index)] = known + column.missing  # never seen
        if column.missing and texts.null_count:
            index[texts.is_null().to_numpy()] = known
        return index[:, None]
    value = numbers(values, column.type, f"{name}, column {column.name!r}", first, column.format)
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
    return dates.format_of(texts_of(values).drop_null()) if _is_text(values.type) else [dates.ISO]


def numbers(values: pa.ChunkedArray, kind: str, where: str, first: int, format: str = dates.ISO) -> np.ndarray:
    """Return a number or date-time column as float64 (date-times as seconds since 1970), NaN where missing."""
    if not _is_plain(values.type):
        raise DataError(f"{where}: cells of type {values.type} are not supported")
    values = _flat(values)
    if kind in ("datetime", "clock"):
        return _seconds(values, where, first, format)
    if _is_text(values.type):
        texts = texts_of(values)
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


def text_of(value: Any, kind: str, whole: bool = False) -> str:
    """Return a cell as a person would write it, in the table's own units."""
    if value is None or value != value:
        return "missing"
    if kind == "number":
        number = float(value)
        return f"{number:,.0f}" if whole and abs(number) < 1e15 else _short(number)
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


def _recognise_text(texts: pa.ChunkedArray) -> tuple[Type, str]:
    if not len(texts):
        return "ignored", EMPTY
    if not pc.any(pc.match_substring_regex(texts, NAMED)).as_py():
        try:
            pc.cast(texts, pa.float64())
            return "number", ""
        except pa.ArrowInvalid:
            pass
    if dates.format_of(texts):
        return "datetime", ""
    different = pc.unique(texts)
    distinct, longest = len(different), pc.max(pc.utf8_length(different)).as_py()
    if distinct <= 2 and {text.lower() for text in different.to_pylist()} in BOOLEANS:
        return "boolean", ""
    if distinct > FEW and (distinct > len(texts) / 2 or distinct > _most_categories(len(texts))):
        return (
            "ignored",
            hint(texts)
            or f"{distinct:,} different texts in {len(texts):,} rows are names or free text, not categories",
        )
    if longest > LONGEST:
        return "ignored", f"texts of up to {longest:,} characters are free text, not categories"
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


def texts_of(values: pa.ChunkedArray, type_: str = "category") -> pa.ChunkedArray:
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


def _seconds(values: pa.ChunkedArray, where: str, first: int, format: str) -> np.ndarray:
    if _is_text(values.type):
        texts = texts_of(values)
        try:
            values = dates.moments(texts, format)
        except pa.ArrowInvalid:
            for row, text in enumerate(texts):
                try:
                    dates.moments(pa.chunked_array([pa.array([text.as_py()], pa.string())]), format)
                except pa.ArrowInvalid:
                    wanted = "an ISO date or time" if format == dates.ISO else "a date or time"
                    raise _wrong(where, first + row, text.as_py(), f"{wanted} ({dates.pattern(format)})") from None
            raise
    elif not (pa.types.is_timestamp(values.type) or pa.types.is_date(values.type) or pa.types.is_null(values.type)):
        raise DataError(f"{where}: cells of type {values.type} are not dates")
    micro = pc.cast(pc.cast(values, pa.timestamp("us"), safe=False), pa.int64())
    return np.asarray(_float64(micro).to_numpy(), dtype=np.float64) / 1e6


def _float64(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(values, pa.float64(), safe=False)


def _wrong(where: str, row: int, text: str, wanted: str) -> DataError:
    return DataError(f"{where}, row {row} (the first is 0): {_quoted(text)} is not {wanted}")


def _quoted(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def _parses(text: str) -> bool:
    try:
        pc.cast(pa.scalar(text), pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _is_plain(kind: pa.DataType) -> bool:
    """Whether the values behind a dictionary, if it is one, can be taken out of it."""
    if not pa.types.is_dictionary(kind):
        return True
    return not (pa.types.is_nested(kind.value_type) or isinstance(kind.value_type, pa.BaseExtensionType))


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _is_numeric(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
