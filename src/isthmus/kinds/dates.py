"""Dates and times as people and their programs write them, as seconds since 1970."""

from __future__ import annotations

import datetime as dt
import itertools
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["FORMATS", "ISO", "WEEKDAYS", "clock", "format_of", "in_order", "moment", "moments", "pattern"]

ISO = ""  # 2026-01-31, 2026-01-31 13:59:00.5, 2026-01-31T13:59:00Z, …
ZONED = r"\d:\d\d.*(Z|[+-]\d\d(:?\d\d)?)$"  # a time that says how far it is from UTC
FEW = 20
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# What a date may look like -> the formats it may have; where two read all of a column, the first is taken.
DATES = {
    r"\d{4}/\d{1,2}/\d{1,2}": ("%Y/%m/%d",),
    r"\d{1,2}\.\d{1,2}\.\d{4}": ("%d.%m.%Y",),
    r"\d{1,2}/\d{1,2}/\d{4}": ("%m/%d/%Y", "%d/%m/%Y"),
    r"\d{1,2}-\d{1,2}-\d{4}": ("%d-%m-%Y", "%m-%d-%Y"),
    r"\d{1,2}\.\d{1,2}\.\d{2}": ("%d.%m.%y",),
    r"\d{1,2}/\d{1,2}/\d{2}": ("%m/%d/%y", "%d/%m/%y"),
    r"\d{1,2}-[A-Za-z]{3}-\d{4}": ("%d-%b-%Y",),
    r"\d{1,2} [A-Za-z]{3} \d{4}": ("%d %b %Y",),
    r"[A-Za-z]{3} \d{1,2}, \d{4}": ("%b %d, %Y",),
}
TIMES = {
    "": "",
    r" \d{1,2}:\d{2}": " %H:%M",
    r" \d{1,2}:\d{2}:\d{2}": " %H:%M:%S",
    r" \d{1,2}:\d{2} [AaPp][Mm]": " %I:%M %p",
    r" \d{1,2}:\d{2}:\d{2} [AaPp][Mm]": " %I:%M:%S %p",
}
FORMATS = {ISO, *(date + time for dates in DATES.values() for date in dates for time in TIMES.values())}
WRITTEN = {"%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%b": "Jan", "%H": "hh", "%I": "hh", "%M": "mm",
           "%S": "ss", "%p": "AM"}  # fmt: skip


def format_of(texts: pa.ChunkedArray) -> list[str]:
    """Return the formats that read every text of a column, the likeliest first; none where it holds no dates."""
    try:
        moments(texts)
        return [ISO]
    except pa.ArrowInvalid:
        pass
    for (date, formats), (time, ending) in itertools.product(DATES.items(), TIMES.items()):
        if pc.all(pc.match_substring_regex(texts, f"^{date}{time}$")).as_py():
            return [name for name in (format + ending for format in formats) if _reads(texts, name)]
    return []


def moments(texts: pa.ChunkedArray, format: str = ISO) -> pa.ChunkedArray:
    """Return texts as time stamps, UTC where they name a zone.

    Raises
    ------
    pyarrow.ArrowInvalid
        Where one is not of the format.
    """
    if format != ISO:
        return pc.strptime(texts, format=format, unit="us")
    try:
        return pc.cast(texts, pa.timestamp("us"))
    except pa.ArrowInvalid:  # zones, or digits beyond the microsecond
        texts = pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1")
        texts = pc.replace_substring_regex(texts, r"(\d) (?:UTC|Z|([+-]\d\d:?\d\d))$", r"\1\2")
        zoned = pc.match_substring_regex(texts, ZONED)
        local = pc.cast(pc.if_else(zoned, None, texts), pa.timestamp("us"))
        there = pc.cast(pc.if_else(zoned, texts, None), pa.timestamp("us", "UTC"))
        return pc.coalesce(local, pc.cast(there, pa.timestamp("us")))


def pattern(format: str) -> str:
    """Return a format for people.

    >>> pattern("%d.%m.%Y %H:%M")
    'DD.MM.YYYY hh:mm'
    >>> pattern(ISO)
    'YYYY-MM-DD'
    """
    return re.sub("%.", lambda found: WRITTEN[found[0]], format or "%Y-%m-%d")


def clock(seconds: np.ndarray) -> dict[str, np.ndarray]:
    """Return the hour (0 to 23) and the weekday (0 is Monday) of each time."""
    days = np.floor(seconds / 86_400)
    return {"hour": np.floor((seconds - days * 86_400) / 3600), "weekday": np.mod(days + 3, 7)}


def in_order(seconds: np.ndarray) -> bool:
    """Whether rows stand in the order of a time, as a log's do; new rows of it are later than all that there are."""
    steps = np.diff(seconds[~np.isnan(seconds)])
    return (
        len(steps) >= FEW
        and bool(np.count_nonzero(steps) > 1)
        and (bool((steps >= 0).all()) or bool((steps <= 0).all()))
    )


def moment(value: dt.date | float) -> dt.datetime:
    """Return a date, or seconds since 1970, as a time; the last there is where it lies beyond."""
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    try:
        return dt.datetime(1970, 1, 1) + dt.timedelta(seconds=float(value))
    except OverflowError:
        return dt.datetime.max if value > 0 else dt.datetime.min


def _reads(texts: pa.ChunkedArray, format: str) -> bool:
    try:
        moments(texts, format)
    except pa.ArrowInvalid:
        return False
    return True
