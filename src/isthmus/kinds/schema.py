"""What the columns of a table are taken for: recognised at fit, stored, read and overridden by people.

A column becomes one or more *cells*, the numbers a network sees: a number column one, and one more that says
"missing" where fit saw gaps; a category column one index; a date-time column the time itself and, where fit
saw several, the hour and the weekday. Shares of cells are added up to their column again.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa

from isthmus.errors import DataError, ModelError, OptionError, SchemaWarning
from isthmus.kinds import columns as reading
from isthmus.kinds.columns import text_of

__all__ = ["Cell", "Column", "Schema"]

Type = Literal["number", "category", "boolean", "datetime", "ignored"]
FEW = 20  # distinct texts are always a category, however few the rows
LABELS = {
    "label", "labels", "class", "target", "y", "outlier", "outliers", "is_outlier", "anomaly", "is_anomaly",
    "fraud", "is_fraud", "isfraud", "attack", "malignant", "ground_truth", "groundtruth",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of an encoded row.

    Attributes
    ----------
    column : int
        Place of its column in `Schema.used`.
    kind : "number" or "category"
    size : int
        Categories seen in fit; the index `size` itself stands for anything else. 0 for a number.
    part : str
        Which side of its column it is: "value", "missing", "hour" or "weekday".
    """

    column: int
    kind: Literal["number", "category"]
    size: int
    part: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column, and what it is taken for.

    Attributes
    ----------
    name : str
    type : "number", "category", "boolean", "datetime" or "ignored"
    categories : tuple of str
        As fit saw them, sorted; of category and boolean columns.
    missing : bool
        Whether fit saw gaps.
    whole : bool
        Whether all its numbers were whole.
    parts : tuple of str
        Of a date-time column: which of "hour" and "weekday" vary.
    reason : str
        Why an ignored column is left out.
    """

    name: str
    type: Type
    categories: tuple[str, ...] = ()
    missing: bool = False
    whole: bool = False
    parts: tuple[str, ...] = ()
    reason: str = ""

    @property
    def size(self) -> int:
        """Categories seen in fit, a gap among them."""
        return len(self.categories) + self.missing

    def cells(self, place: int) -> list[Cell]:
        """Return the cells of this column when it is the `place`-th used one."""
        if self.type in ("category", "boolean"):
            return [Cell(place, "category", self.size, "value")]
        sizes = {"hour": 24, "weekday": 7}
        gap = [Cell(place, "category", 2, "missing")] if self.missing else []
        return [
            Cell(place, "number", 0, "value"), *gap,
            *(Cell(place, "category", sizes[part], part) for part in self.parts),
        ]  # fmt: skip


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in the order fit saw them.

    Attributes
    ----------
    columns : tuple of Column
    named : bool
        Whether the table brought names; an array's columns are told by their place.
    """

    columns: tuple[Column, ...]
    named: bool = True

    @classmethod
    def infer(
        cls,
        table: pa.Table,
        overrides: Mapping[str, str] | None = None,
        *,
        named: bool = True,
        name: str = "the table",
    ) -> Schema:
        """Recognise the columns of a table.

        Parameters
        ----------
        table : pyarrow.Table
        overrides : mapping of column name to type
            What a person knows better: ``{"zip": "category", "note": "ignored"}``.
        named : bool
        name : str
            What errors call the table.

        Raises
        ------
        DataError
            Where there is nothing to learn from.
        OptionError
            Where an override names no column, no type, or one the column cannot have.
        """
        overrides = dict(overrides or {})
        for column, wanted in overrides.items():
            if column not in table.column_names:
                raise OptionError(f"columns={{{column!r}: {wanted!r}}}: {name} has no column {column!r}")
            if wanted not in get_args(Type):
                raise OptionError(
                    f"columns={{{column!r}: {wanted!r}}}: the type must be one of {', '.join(get_args(Type))}"
                )
        if table.num_rows < 2:
            raise DataError(f"{name} has {table.num_rows} sample(s) (n_samples={table.num_rows}); fit needs at least 2")
        schema = cls(tuple(
            _recognise(column, table[column], overrides.get(column), named, name) for column in table.column_names
        ), named)  # fmt: skip
        schema._check(table, name)
        return schema

    @cached_property
    def used(self) -> tuple[Column, ...]:
        """The columns that are not ignored."""
        return tuple(column for column in self.columns if column.type != "ignored")

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of an encoded row, in order."""
        return tuple(cell for place, column in enumerate(self.used) for cell in column.cells(place))

    def encode(
        self, table: pa.Table, *, name: str = "the table", first: int = 0, model: str = "this model"
    ) -> np.ndarray:
        """Return the cells of a table's rows, (rows, cells) float64; NaN is a missing number.

        Parameters
        ----------
        table : pyarrow.Table
            With at least the used columns, in any order; others are ignored with a warning.
        name : str
            What errors call the table.
        first : int
            The number of its first row, where it is a part of a longer one.
        model : str
            What errors call the estimator.

        Raises
        ------
        DataError
            Naming the columns that are missing, or the row and column of a cell of the wrong type.
        """
        table = self._matched(table, name, model)
        parts = [reading.cells(column, table[column.name], name, first) for column in self.used]
        return np.concatenate(parts, axis=1) if parts else np.empty((table.num_rows, 0))

    def text(self, table: pa.Table, row: int, place: int) -> str:
        """Return a cell of the `place`-th used column for people, as the table has it."""
        column = self.used[place]
        name = column.name if self.named else table.column_names[self.columns.index(column)]
        value = table[name][row].as_py()
        if column.type in ("category", "boolean"):
            index = int(reading.cells(column, table[name].slice(row, 1), "", 0)[0, 0])
            return text_of(value, column.type) + (" (never seen in fit)" if index == column.size else "")
        number = reading.numbers(table[name].slice(row, 1), column.type, "", 0)[0]
        return text_of(number, column.type, column.whole)

    def texts(self, cells: np.ndarray) -> list[str]:
        """Return what the cells of one encoded row say, a text for each used column."""
        result, at = [], 0
        for column in self.used:
            value, own = cells[at], column.cells(0)
            if column.type in ("category", "boolean"):
                index = int(value)
                result.append(column.categories[index] if index < len(column.categories) else "missing")
            elif column.missing and cells[at + 1] == 1:
                result.append("missing")
            else:
                result.append(text_of(value, column.type, column.whole))
            at += len(own)
        return result

    def to_json(self) -> dict[str, Any]:
        """Return what a person can read and `from_json` takes."""
        keep = ("name", "type")
        columns = [{k: v for k, v in asdict(column).items() if v or k in keep} for column in self.columns]
        return {"named": self.named, "columns": columns}

    @classmethod
    def from_json(cls, data: Any) -> Schema:
        """Return the schema that `to_json` described.

        Raises
        ------
        ModelError
            If it does not describe one.
        """
        try:
            columns = tuple(_column_from(entry) for entry in data["columns"])
            names = [column.name for column in columns]
            if len(set(names)) < len(names) or data["named"] not in (True, False):
                raise ValueError("a name stands twice, or 'named' is neither true nor false")
            return cls(columns, bool(data["named"]))
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise ModelError(f"the schema of the model is damaged ({error})") from None

    def check_width(self, stored: int, ranked: Sequence[int]) -> None:
        """Refuse, before anything is built from it, a schema of more cells than stored features can come from.

        Raises
        ------
        ModelError
        """
        asked = len(ranked)
        for column in self.used:
            asked += sum(cell.size or 1 for cell in column.cells(0))
            if asked > stored:
                break
        if asked != stored:
            raise ModelError(f"the model folder is damaged: its columns do not make {stored:,} features")

    def _matched(self, table: pa.Table, name: str, model: str) -> pa.Table:
        have, want = table.column_names, [column.name for column in self.columns]
        unnamed = (table.schema.metadata or {}).get(b"isthmus") == b"unnamed"
        if unnamed or not self.named:
            if len(have) != len(want):
                raise DataError(
                    f"X has {len(have)} features, but {model} is expecting {len(want)} features as input; "
                    f"fit saw {', '.join(want[:8])}{', …' if len(want) > 8 else ''}"
                )
            return table.rename_columns(want)
        needed = [column.name for column in self.used]
        missing = [column for column in needed if column not in have]
        extra = [column for column in have if column not in want]
        if missing:
            raise DataError(
                f"{model} was fitted on {len(needed)} columns, {name} has {len(have)}; missing: {_listed(missing)}"
                + (f"; not seen in fit: {_listed(extra)}" if extra else "")
            )
        if extra:
            warnings.warn(f"{name}: columns not seen in fit are ignored: {_listed(extra)}", SchemaWarning, stacklevel=2)
        return table

    def _check(self, table: pa.Table, name: str) -> None:
        """Refuse what nothing can be learned from; tell what was left out."""
        if table.num_columns == 1:
            raise DataError(
                f"{name} has 1 feature(s) (n_features=1): a column is told by the others; give at least two"
            )
        left_out = [column for column in self.columns if column.type == "ignored"]
        empty = [column for column in left_out if column.reason == reading.EMPTY]
        if len(empty) == len(self.columns):
            raise DataError(f"{name} holds no values: all its columns are missing throughout")
        if not self.used:
            raise DataError(f"{name}: every column was left out ({_listed([c.name for c in left_out])}); see columns=")
        for column in left_out:
            if column.reason != reading.ASKED:
                warnings.warn(
                    f"{name}: column {column.name!r} is left out: {column.reason}; columns={{{column.name!r}: ...}} "
                    "says otherwise", SchemaWarning, stacklevel=3,
                )  # fmt: skip
        encoded = self.encode(table, name=name)
        first = encoded[:1]
        if ((encoded == first) | (np.isnan(encoded) & np.isnan(first))).all():
            raise DataError(f"{name}: every column is constant, so there is nothing to learn")
        for column in self.used:
            few = len(column.categories) or len(np.unique(encoded[:, self._place(column)])) <= FEW
            if self.named and column.name.lower().strip() in LABELS and few:
                warnings.warn(
                    f"{name}: column {column.name!r} looks like a label; if it is one, leave it out "
                    f"(columns={{{column.name!r}: 'ignored'}})", SchemaWarning, stacklevel=3,
                )  # fmt: skip

    def _place(self, column: Column) -> int:
        return next(i for i, cell in enumerate(self.cells) if self.used[cell.column] is column)


def _recognise(column: str, values: pa.ChunkedArray, wanted: str | None, named: bool, name: str) -> Column:
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
        words = "" if wanted else reading.stray(values)
        if words:
            warnings.warn(
                f"{name}: column {column!r} is taken for categories: {words}; mend these or leave them empty "
                "to have it read as numbers", SchemaWarning, stacklevel=4,
            )  # fmt: skip
        return Column(column, kind, categories=found, missing=missing)
    numbers = reading.numbers(values, kind, f"{name}, column {column!r}", 0)
    finite = numbers[~np.isnan(numbers)]
    missing = len(finite) < len(numbers)
    if kind == "number":
        return Column(column, "number", missing=missing, whole=bool((finite == np.floor(finite)).all()))
    varies = {part: index[~np.isnan(numbers)] for part, index in reading.clock(numbers).items()}
    parts = tuple(part for part, index in varies.items() if len(np.unique(index)) > 1)
    return Column(column, "datetime", missing=missing, parts=parts)


def _column_from(entry: Any) -> Column:
    """Return the column an entry of a stored schema describes, believing none of it."""
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    column = Column(**fields)
    fits = {
        "name": isinstance(column.name, str),
        "type": column.type in get_args(Type),
        "missing": isinstance(column.missing, bool),
        "whole": isinstance(column.whole, bool),
        "reason": isinstance(column.reason, str),
        "categories": _are_texts(column.categories)
        and (not column.categories or column.type in ("category", "boolean")),
        "parts": _are_texts(column.parts)
        and set(column.parts) <= ({"hour", "weekday"} if column.type == "datetime" else set()),
    }
    wrong = [key for key, right in fits.items() if not right]
    if wrong:
        raise ValueError(f"column {column.name!r}: {', '.join(wrong)}")
    return column


def _are_texts(values: Any) -> bool:
    """Whether this is a tuple of different texts."""
    return isinstance(values, tuple) and all(isinstance(v, str) for v in values) and len(set(values)) == len(values)


def _listed(names: list[str], most: int = 8) -> str:
    return ", ".join(map(repr, names[:most])) + (f" and {len(names) - most} more" if len(names) > most else "")
