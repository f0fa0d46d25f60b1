"""Dates and times as people and their programs write them, as seconds since 1970."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "FORMATS", "ISO", "TIME", "WEEKDAYS", "clock", "format_of", "in_order", "in_seconds", "is_time_of_day", "moment",
    "moments", "pattern", "seconds_of_day", "time_format_of", "time_text",
]  # fmt: skip

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
    r"\d{1,2}-[A-Za-z]{3,9}-\d{4}": ("%d-%b-%Y",),
    r"\d{1,2}-[A-Za-z]{3,9}-\d{2}": ("%d-%b-%y",),
    r"\d{1,2} [A-Za-z]{3,9} \d{4}": ("%d %b %Y",),
    r"[A-Za-z]{3}, \d{1,2} [A-Za-z]{3,9} \d{4}": ("%a, %d %b %Y",),  # RFC 2822
    r"[A-Za-z]{3,9} \d{1,2}, \d{4}": ("%b %d, %Y",),
}
TIMES = {
    r" \d{1,2}:\d{2}": " %H:%M",
    r" \d{1,2}:\d{2}:\d{2}": " %H:%M:%S",
    r" \d{1,2}:\d{2} [AaPp][Mm]": " %I:%M %p",
    r" \d{1,2}:\d{2}:\d{2} [AaPp][Mm]": " %I:%M:%S %p",
}
TOGETHER = {
    r"\d{8}T\d{4}": ("%Y%m%dT%H%M",),
    r"\d{8}T\d{6}": ("%Y%m%dT%H%M%S",),
    r"\d{1,2}/[A-Za-z]{3}/\d{4}:\d{2}:\d{2}:\d{2}": ("%d/%b/%Y:%H:%M:%S",),  # Apache's log
}
ZONE = r" ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})"
TIMED = TOGETHER | {
    date + time: tuple(format + ending for format in formats)
    for (date, formats), (time, ending) in itertools.product(DATES.items(), TIMES.items())
}
LOOKS = DATES | TIMED | {look + ZONE: tuple(f"{name} %z" for name in formats) for look, formats in TIMED.items()}
TIME = "%H:%M:%S"  # also without seconds, or with parts of them
TIMES_OF_DAY = {
    r"\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?": TIME,
    r"\d{1,2}:\d{2} [AaPp][Mm]": "%I:%M %p",
    r"\d{1,2}:\d{2}:\d{2} [AaPp][Mm]": "%I:%M:%S %p",
}
FORMATS = {ISO, *(name for formats in LOOKS.values() for name in formats)}
WRITTEN = {"%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%b": "Jan", "%a": "Sat", "%H": "hh", "%I": "hh",
           "%M": "mm", "%S": "ss", "%p": "AM", "%z": "+0000"}  # fmt: skip


def format_of(texts: pa.ChunkedArray) -> list[str]:
    """Return the formats that read every text of a column, the likeliest first; none where it holds no dates."""
    try:
        moments(texts)
        return [ISO]
    except pa.ArrowInvalid:
        pass
    formats = _looking_alike(texts, LOOKS) or ()
    return [format for format in formats if _reads(texts, format)]


def moments(texts: pa.ChunkedArray, format: str = ISO) -> pa.ChunkedArray:
    """Return texts as time stamps, UTC where they name a zone.

    Raises
    ------
    pyarrow.ArrowInvalid
        Where one is not of the format.
    """
    if format.endswith("%z"):
        texts = pc.replace_substring_regex(texts, " ?(?:Z|UTC|GMT)$", " +0000")
        texts = pc.replace_substring_regex(texts, r" ?([+-]\d\d):?(\d\d)$", r" \1\2")
        return pc.cast(pc.strptime(texts, format=format, unit="us"), pa.timestamp("us"))
    if format != ISO:
        return pc.strptime(texts, format=format, unit="us")
    try:
        return pc.cast(texts, pa.timestamp("us"))
    except pa.ArrowInvalid:  # zones, a decimal comma, or digits beyond the microsecond
        texts = pc.replace_substring_regex(texts, r"(:\d\d),(\d)", r"\1.\2")
        texts = pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1")
        texts = pc.replace_substring_regex(texts, r"(\d) (?:UTC|Z|([+-]\d\d:?\d\d))$", r"\1\2")
        zoned = pc.match_substring_regex(texts, ZONED)
        local = pc.cast(pc.if_else(zoned, None, texts), pa.timestamp("us"))
        there = pc.cast(pc.if_else(zoned, texts, None), pa.timestamp("us", "UTC"))
        return pc.coalesce(local, pc.cast(there, pa.timestamp("us")))


def time_format_of(texts: pa.ChunkedArray) -> str:
    """Return the format that reads every text of a column as a time of day, "" where there is none."""
    format = _looking_alike(texts, TIMES_OF_DAY)
    return format if format and _reads(texts, format, seconds_of_day) else ""


def is_time_of_day(format: str) -> bool:
    """Tell the format of times of day from those of dates, and from that of plain numbers, ""."""
    return format in TIMES_OF_DAY.values()


def seconds_of_day(texts: pa.ChunkedArray, format: str) -> pa.ChunkedArray:
    """Return times of day, in one of their formats, as seconds since midnight.

    Raises
    ------
    pyarrow.ArrowInvalid
        Where one is not of the format.
    """
    if format == TIME:
        texts = pc.replace_substring_regex(texts, r"^(\d):", r"0\1:")
    day = pc.binary_join_element_wise(pa.scalar("1970-01-01"), texts, " ")
    return in_seconds(moments(day, ISO if format == TIME else f"%Y-%m-%d {format}"))


def in_seconds(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times, durations or time stamps as numbers of seconds."""
    kind = values.type
    whole = pc.cast(pc.cast(values, pa.int32()), pa.int64()) if kind.bit_width == 32 else pc.cast(values, pa.int64())
    return pc.divide(pc.cast(whole, pa.float64(), safe=False), {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit])


def time_text(seconds: float) -> str:
    """Return seconds since midnight as a time of day.

    >>> time_text(36_900), time_text(86_399.5)
    ('10:15', '23:59:59.500')
    """
    time = (dt.datetime.min + dt.timedelta(seconds=round(seconds, 3) % 86_400)).time()
    return time.isoformat("milliseconds" if time.microsecond else "seconds" if time.second else "minutes")


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


def _looking_alike(texts: pa.ChunkedArray, looks: Mapping[str, Any]) -> Any:
    """Return what the look that all texts have stands for; None where they have none."""
    first = texts[0].as_py() if len(texts) else ""
    for look, meant in looks.items():  # the first text alone rules out nearly all
        if re.fullmatch(look, first) and pc.all(pc.match_substring_regex(texts, f"^(?:{look})$")).as_py():
            return meant
    return None


def _reads(texts: pa.ChunkedArray, format: str, reader: Callable[[Any, str], Any] = moments) -> bool:
    try:
        reader(texts, format)
    except pa.ArrowInvalid:
        return False
    return True
