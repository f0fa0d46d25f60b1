"""What the columns of a table are taken for: recognised at fit, stored, read and overridden by people.

A column becomes one or more *cells*, the numbers a network sees: a number column one, and one more that says
"missing" where fit saw gaps; a category column one index; a date-time column the time itself and, where fit
saw several, the hour and the weekday; a clock column those two alone. Shares of cells are added up to their column
again.
"""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, get_args

import numpy as np
import pyarrow as pa

from isthmus.errors import DataError, ModelError, OptionError, SchemaWarning
from isthmus.kinds import columns as reading
from isthmus.kinds import dates, tables
from isthmus.kinds.column import Cell, Column, Type, column_from
from isthmus.kinds.columns import text_of
from isthmus.kinds.recognition import ASKED, EMPTY, recognise
from isthmus.words import counted

__all__ = ["Cell", "Column", "Schema"]

FEW = 20  # distinct texts are always a category, however few the rows
LABELS = {
    "label", "labels", "class", "target", "y", "outlier", "outliers", "is_outlier", "anomaly", "is_anomaly",
    "fraud", "is_fraud", "isfraud", "attack", "malignant", "ground_truth", "groundtruth",
}  # fmt: skip


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in the order fit saw them.

    Attributes
    ----------
    columns : tuple of Column
    named : bool
        Whether the table brought names; an array's columns are told by their place.
    by_name : bool
        Whether the cells of named columns follow the order of the names, so that the table's own does not matter;
        in models made before they follow the table's.
    """

    columns: tuple[Column, ...]
    named: bool = True
    by_name: bool = True

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
        if table.num_columns == 1:
            raise DataError(
                f"{name} has 1 feature(s) (n_features=1): a column is told by the others; give at least two"
            )
        rows = tables.row_numbers(table)
        schema = cls(tuple(
            recognise(column, table[column], overrides.get(column), named, name, rows) for column in table.column_names
        ), named)  # fmt: skip
        schema._check(table, name)
        return schema

    @cached_property
    def used(self) -> tuple[Column, ...]:
        """The columns that are not ignored, in the order of their cells."""
        used = [column for column in self.columns if column.type != "ignored"]
        return tuple(sorted(used, key=lambda column: column.name) if self.named and self.by_name else used)

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
        rows = tables.row_numbers(table, first)
        parts = [reading.cells(column, table[column.name], name, rows) for column in self.used]
        return np.concatenate(parts, axis=1) if parts else np.empty((table.num_rows, 0))

    def unseen(self, cells: np.ndarray) -> np.ndarray:
        """Return which category columns of encoded rows hold nothing that fit saw, boolean (used columns,)."""
        strange = np.zeros(len(self.used), bool)
        for place, cell in enumerate(self.cells):
            if cell.kind == "category" and cell.part == "value":
                strange[cell.column] = (cells[:, place] == cell.size).all()
        return strange

    def text(self, table: pa.Table, row: int, place: int) -> str:
        """Return a cell of the `place`-th used column for people, as the table has it."""
        column = self.used[place]
        name = column.name if self.named else table.column_names[self.columns.index(column)]
        cell = table[name].slice(row, 1)
        if column.type in ("category", "boolean"):
            index = int(reading.cells(column, cell, "", range(1))[0, 0])
            text = text_of(reading.texts_of(cell)[0].as_py(), column.type)
            return text + (" (never seen in fit)" if index == column.size else "")
        number = reading.numbers(cell, column.type, "", range(1), column.format)[0]
        return text_of(number, column.type, column.whole, column.format)

    def texts(self, cells: np.ndarray) -> list[str]:
        """Return what the cells of one encoded row say, a text for each used column."""
        result, at = [], 0
        for column in self.used:
            value, own = cells[at], column.cells(0)
            if column.type in ("category", "boolean"):
                index = int(value)
                known = index < len(column.categories)
                result.append(text_of(column.categories[index], column.type) if known else "missing")
            elif column.type == "clock":
                result.append(_turns(dict(zip(column.parts, cells[at : at + len(own)].tolist(), strict=True))))
            elif column.missing and cells[at + 1] == 1:
                result.append("missing")
            else:
                result.append(text_of(value, column.type, column.whole, column.format))
            at += len(own)
        return result

    def to_json(self) -> dict[str, Any]:
        """Return what a person can read and `from_json` takes."""
        keep = ("name", "type")
        columns = [{k: v for k, v in asdict(column).items() if v or k in keep} for column in self.columns]
        return {"named": self.named, "by_name": self.by_name, "columns": columns}

    @classmethod
    def from_json(cls, data: Any) -> Schema:
        """Return the schema that `to_json` described.

        Raises
        ------
        ModelError
            If it does not describe one.
        """
        try:
            columns = tuple(column_from(entry) for entry in data["columns"])
            names = [column.name for column in columns]
            named, by_name = data["named"], data.get("by_name", False)
            if len(set(names)) < len(names) or not (isinstance(named, bool) and isinstance(by_name, bool)):
                raise ValueError("a name stands twice, or 'named' or 'by_name' is neither true nor false")
            return cls(columns, named, by_name)
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
        if not (tables.named(table) and self.named):
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
                f"{model} was fitted on {counted(len(needed), 'column')}, {name} has {len(have)}; missing: "
                f"{_listed(missing)}" + (f"; not seen in fit: {_listed(extra)}" if extra else "")
            )
        if extra:
            warnings.warn(f"{name}: columns not seen in fit are ignored: {_listed(extra)}", SchemaWarning, stacklevel=2)
        return table

    def _check(self, table: pa.Table, name: str) -> None:
        """Refuse what nothing can be learned from; tell what was left out."""
        left_out = [column for column in self.columns if column.type == "ignored"]
        empty = [column for column in left_out if column.reason == EMPTY]
        if len(empty) == len(self.columns):
            raise DataError(f"{name} holds no values: all its columns are missing throughout")
        if not self.used:
            raise DataError(f"{name}: every column was left out ({_listed([c.name for c in left_out])}); see columns=")
        for column in left_out:
            if column.reason != ASKED:
                cure = f"; columns={{{column.name!r}: ...}} (--column {shlex.quote(column.name)}=...) says otherwise"
                warnings.warn(
                    f"{name}: column {column.name!r} is left out: {column.reason}"
                    + (cure if reading.can_be_text(table[column.name].type) else ""), SchemaWarning, stacklevel=3,
                )  # fmt: skip
        encoded = self.encode(table, name=name)
        first = encoded[:1]
        if ((encoded == first) | (np.isnan(encoded) & np.isnan(first))).all():
            raise DataError(f"{name}: every column is constant, so there is nothing to learn")
        for place, cell in enumerate(self.cells):
            column = self.used[cell.column]
            if cell.part != "value" or not self.named or column.name.lower().strip() not in LABELS:
                continue
            if column.categories or len(np.unique(encoded[:, place])) <= FEW:
                warnings.warn(
                    f"{name}: column {column.name!r} looks like a label; if it is one, leave it out "
                    f"(columns={{{column.name!r}: 'ignored'}})", SchemaWarning, stacklevel=3,
                )  # fmt: skip


def _listed(names: list[str], most: int = 8) -> str:
    return ", ".join(map(repr, names[:most])) + (f" and {len(names) - most} more" if len(names) > most else "")


def _turns(parts: Mapping[str, float]) -> str:
    """Say what an hour and a weekday are, as far as they are told."""
    hour, weekday = (int(parts.get(name, -1)) for name in ("hour", "weekday"))
    if hour >= 24 or weekday >= 7:
        return "missing"
    return ", ".join(([dates.WEEKDAYS[weekday]] if weekday >= 0 else []) + ([f"{hour}:00"] if hour >= 0 else []))
