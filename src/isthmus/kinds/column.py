"""A column as a person sees it, and the cells, the numbers of an encoded row, that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from isthmus.kinds import dates

__all__ = ["Cell", "Column", "Type", "column_from"]

Type = Literal["number", "category", "boolean", "datetime", "clock", "ignored"]


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
    type : "number", "category", "boolean", "datetime", "clock" or "ignored"
        A clock is a date-time of which only the hour and the weekday are read.
    categories : tuple of str
        As fit saw them, sorted; of category and boolean columns.
    missing : bool
        Whether fit saw gaps.
    whole : bool
        Whether all its numbers were whole.
    parts : tuple of str
        Of a date-time column: which of "hour" and "weekday" vary.
    format : str
        Of dates written as text, as `strptime` takes it; "" for ISO dates. Of numbers, that they are times of day.
    reason : str
        Why an ignored column is left out.
    """

    name: str
    type: Type
    categories: tuple[str, ...] = ()
    missing: bool = False
    whole: bool = False
    parts: tuple[str, ...] = ()
    format: str = dates.ISO
    reason: str = ""

    @property
    def size(self) -> int:
        """Categories seen in fit, a gap among them."""
        return len(self.categories) + self.missing

    def cells(self, place: int) -> list[Cell]:
        """Return the cells of this column when it is the `place`-th used one."""
        if self.type in ("category", "boolean"):
            return [Cell(place, "category", self.size, "value")]
        turns = [Cell(place, "category", {"hour": 24, "weekday": 7}[part] + self.missing, part) for part in self.parts]
        if self.type == "clock":
            return turns
        gap = [Cell(place, "category", 2, "missing")] if self.missing else []
        return [Cell(place, "number", 0, "value"), *gap, *turns]


def column_from(entry: Any) -> Column:
    """Return the column an entry of a stored schema describes, believing none of it."""
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    column = Column(**fields)
    fits = {
        "name": isinstance(column.name, str),
        "type": column.type in get_args(Type),
        "missing": isinstance(column.missing, bool),
        "whole": isinstance(column.whole, bool),
        "reason": isinstance(column.reason, str),
        "format": column.format in dates.FORMATS
        if column.type != "number"
        else column.format == dates.ISO or dates.is_time_of_day(column.format),
        "categories": _are_texts(column.categories)
        and (not column.categories or column.type in ("category", "boolean")),
        "parts": _are_texts(column.parts)
        and set(column.parts) <= ({"hour", "weekday"} if column.type in ("datetime", "clock") else set())
        and (column.type != "clock" or bool(column.parts)),
    }
    wrong = [key for key, right in fits.items() if not right]
    if wrong:
        raise ValueError(f"column {column.name!r}: {', '.join(wrong)}")
    return column


def _are_texts(values: Any) -> bool:
    """Whether this is a tuple of different texts."""
    return isinstance(values, tuple) and all(isinstance(v, str) for v in values) and len(set(values)) == len(values)
