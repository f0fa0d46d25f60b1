"""CSV: the text of its cells, what is wrong with a file that cannot be read as one, and lines to write."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from isthmus.errors import DataError, OptionError

__all__ = ["BLOCK", "header", "is_csv", "lines", "mark_of", "parts", "suffix"]

BLOCK = 4 * 2**20  # bytes read at once; also the longest line
BOMB = 400, 256 * 2**20  # no table shrinks this far: times its packed size, and at least so many bytes
WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32", codecs.BOM_UTF32_BE: "UTF-32", codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}  # fmt: skip


def suffix(path: Path) -> str:
    """Return the ending that tells a table's format; of a packed CSV the one before .gz."""
    name = path.name.lower()
    return Path(name.removesuffix(".gz")).suffix if name.endswith((".csv.gz", ".tsv.gz")) else path.suffix.lower()


def is_csv(path: Path) -> bool:
    """Whether a file's name says that it is a CSV, be it packed or with tabs."""
    return suffix(path) in (".csv", ".tsv")


def mark_of(path: Path, delimiter: str | None) -> str:
    """Return what separates the cells; a tab may be written out, as a shell passes it on.

    Raises
    ------
    OptionError
        Where nothing could be separated by it.
    """
    mark = {"": ",", "\\t": "\t", "tab": "\t"}.get(delimiter or "", delimiter or "")
    if not delimiter and suffix(path) == ".tsv":
        mark = "\t"
    if len(mark) != 1 or not mark.isascii() or mark in '"\r\n\0':
        raise OptionError(f"the delimiter must be one plain character, such as ';', or tab, not {mark!r}")
    return mark


def header(path: Path, delimiter: str | None) -> list[str]:
    """Return the names of the columns.

    Raises
    ------
    DataError
        Where the file is no CSV, or seems to be separated by something else.
    """
    with _opened(path, delimiter) as (source, parse):
        try:
            names: list[str] = _reader(source, parse).schema.names
        except pa.ArrowInvalid as error:
            raise DataError(_trouble(path, error, delimiter)) from None
    other = "" if len(names) > 1 or delimiter else _other_mark(_head(path), mark_of(path, None))
    if other:
        raise DataError(f"{path} {other}")
    return names


def parts(path: Path, names: list[str], delimiter: str | None, only: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield the cells as the text they are, in parts of `BLOCK` bytes.

    Parameters
    ----------
    path : Path
    names : list of str
        As `header` gives them.
    delimiter : str, optional
    only : list of str, optional
        The columns to read.

    Raises
    ------
    DataError
        Naming the row that cannot be read, or in which a quote opens that nothing closes.
    """
    read = None if only is None else [*only, *({names[-1]} - set(only))]
    text = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, include_columns=read
    )
    seen, last = 0, ""
    with _opened(path, delimiter) as (source, parse):
        try:
            for batch in _reader(source, parse, text):
                if batch.num_rows:
                    seen, last = seen + batch.num_rows, batch[names[-1]][-1].as_py()
                    yield pa.Table.from_batches([batch if only is None else batch.select(only)])
        except pa.ArrowInvalid as error:
            raise DataError(_trouble(path, error, delimiter)) from None
        if seen and source.ends_in_quotes(last, parse.delimiter):
            raise DataError(_never_closed(path, seen - 1))
    if not seen:
        raise DataError(_trouble(path, None, delimiter))


def lines(table: pa.Table, mark: str) -> bytes:
    """Return the lines of a CSV; quotes only stand where they must."""
    fields = [_fields(column.combine_chunks(), mark) for column in table.columns]
    if len(fields) == 1:  # an empty line would be no row at all
        fields = [pc.replace_substring_regex(fields[0], "^$", '""')]
    joined = pc.binary_join_element_wise(*fields, pa.scalar(mark, pa.large_string()))
    return "".join(line + "\n" for line in joined.to_pylist()).encode()


def _fields(values: pa.Array, mark: str) -> pa.Array:
    kind = values.type
    if pa.types.is_boolean(kind):
        values = pc.if_else(values, "True", "False")
    elif not (pa.types.is_string(kind) or pa.types.is_integer(kind) or kind in (pa.float32(), pa.float64())):
        values = pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.large_string())
    texts = pc.fill_null(pc.cast(values, pa.large_string()), "")
    special = pc.match_substring_regex(texts, f'[{re.escape(mark)}"\r\n]')
    if not pc.any(special).as_py():
        return texts
    quote, none = (pa.scalar(text, pa.large_string()) for text in ('"', ""))
    quoted = pc.binary_join_element_wise(quote, pc.replace_substring(texts, '"', '""'), quote, none)
    return pc.if_else(special, quoted, texts)


class _Text:
    """A CSV's text as Arrow reads it: looked at for what is no text, bounded where it is packed, its end kept."""

    closed = False

    def __init__(self, path: Path, source: pa.NativeFile) -> None:
        packed = path.name.lower().endswith(".gz")
        self.path, self.done, self.last = path, 0, [b""]
        self.limit = max(BOMB[1], BOMB[0] * path.stat().st_size) if packed else 2**62
        self.stream = pa.CompressedInputStream(source, "gzip") if packed else source

    def read(self, count: int = -1) -> bytes:
        part: bytes = self.stream.read(count)
        if not self.done:
            _check_text(self.path, part[:4096])
        self.done += len(part)
        if self.done > self.limit:
            raise DataError(f"{self.path} unpacks to over {self.limit:,} bytes: unpack it yourself if you trust it")
        self.last.append(part)
        while sum(map(len, self.last[1:])) >= 2 * BLOCK:  # no line is longer
            self.last.pop(0)
        return part

    def ends_in_quotes(self, last: str, mark: str) -> bool:
        """Whether the text that was read ends within quotes, its last cell being `last`."""
        end, raw = b"".join(self.last), b'"' + last.replace('"', '""').encode()
        if not end.endswith(raw) or end[: -len(raw)][-1:] not in (mark.encode(), b"\n", b"\r"):
            return False
        return not end.rstrip(b"\r\n").endswith(raw + b'"')  # a cell of line ends may look like the file's own

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return False

    def close(self) -> None:
        self.stream.close()


def _check_text(path: Path, head: bytes) -> None:
    coding = next((name for mark, name in WIDE.items() if head.startswith(mark)), "")
    low, high = head[::2].count(0), head[1::2].count(0)
    if not coding and 0 in (low, high) and low + high > len(head) / 3:  # every other byte of most letters is zero
        coding = "UTF-16BE" if low else "UTF-16LE"
    if coding:
        raise DataError(f"{path} is {coding} text; convert it, for example with iconv -f {coding} -t UTF-8")
    if b"\0" in head:
        raise DataError(f"{path} is binary, not a CSV file")


@contextmanager
def _opened(path: Path, delimiter: str | None) -> Iterator[tuple[_Text, pa_csv.ParseOptions]]:
    parse = pa_csv.ParseOptions(delimiter=mark_of(path, delimiter), newlines_in_values=True)
    with pa.OSFile(str(path)) as source:
        yield _Text(path, source), parse


def _reader(source: _Text, parse: pa_csv.ParseOptions, text: pa_csv.ConvertOptions | None = None) -> Any:
    whole = pa_csv.ReadOptions(block_size=BLOCK, use_threads=False)  # one thread: it counts rows in its errors
    return pa_csv.open_csv(pa.PythonFile(source, mode="r"), whole, parse, text)


def _trouble(path: Path, error: Exception | None, delimiter: str | None) -> str:
    """Say what is wrong with a file that Arrow cannot read, or that it finds no rows in."""
    head = _head(path)
    other = "" if delimiter else _other_mark(head, mark_of(path, None))
    if other:
        return f"{path} {other}"
    with _opened(path, delimiter) as (source, parse):
        row = _open_quote(source, parse.delimiter)
    if row is not None:
        return _never_closed(path, row)
    ragged = re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+): (.*)", str(error), re.DOTALL)
    if ragged:
        place, wanted, got, text = ragged.groups()
        where = f"row {int(place) - 2} (the first is 0)" if place else "a row"
        return f"{path} is ragged: {where} has {got} columns, the header has {wanted}; it reads {text[:60]!r}"
    first = str(error).strip().split("\n")[0]
    line = head.split("\n")[0]
    if "straddling" in first or len(line) >= BLOCK // 4:
        return f"{path} has a line of over {min(len(line), BLOCK):,} bytes: is it a CSV file?"
    if error is None or "Empty CSV" in first:
        return (
            f"{path} has a header and no rows: 0 sample(s)"
            if line.strip("\ufeff \r")
            else f"{path} is empty: 0 sample(s)"
        )
    if "UTF8" in first or "UTF-8" in first:
        found = re.search(r"column #(\d+): Row #(\d+)", first)
        where = f" (column {int(found[1])}, row {int(found[2]) - 2}; the first is 0)" if found else ""
        return f"{path} is not UTF-8 text{where}; convert it, for example with iconv -t utf-8"
    return f"{path} cannot be read as CSV ({first})"


def _head(path: Path) -> str:
    with _opened(path, None) as (source, _):
        return source.read(BLOCK).decode("utf-8", "replace")


def _other_mark(text: str, mark: str) -> str:
    """Say which character seems to separate a header that has no `mark` outside of quotes; "" where there is none."""
    bare = re.sub('"[^"]*"', "", text).split("\n")[0]
    for other, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"), (",", "commas")):
        if other in bare and mark not in bare:
            return f"seems to be separated by {word}; give delimiter {other!r}"
    return ""


def _never_closed(path: Path, row: int) -> str:
    where = f"row {row} (the first is 0)" if row >= 0 else "the header"
    return f"{path}: nothing closes the quote that opens in {where}, so that all that follows would be one cell"


def _open_quote(source: _Text, mark: str) -> int | None:
    """Return the row in which a quote opens that nothing closes, -1 for the header; None where all are closed.

    A quote opens at the beginning of a cell only, and two within quotes are one that is meant; so Arrow reads them.
    """
    starts, ends = mark.encode() + b"\r\n", re.compile(rb"[^\r\n][\r\n]")
    row, inside, closed, before = -1, False, -1, b"\n"
    opened = row
    while part := source.read(BLOCK):
        text = before + part.removeprefix(codecs.BOM_UTF8)
        outside = 0  # since this place; lines that end there are rows
        for quote in re.finditer(b'"', text[1:]):
            at = quote.end()
            if inside:
                inside, closed, outside = False, at, at
            elif closed == at - 1:
                inside = True
            elif text[at - 1] in starts:
                row += len(ends.findall(text, outside, at))
                inside, opened = True, row
        if not inside:
            row += len(ends.findall(text, outside))
        before, closed = text[-1:], closed - len(text) + 1
    return opened if inside else None
