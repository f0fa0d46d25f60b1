"""Tables in files: CSV, Parquet and Arrow, read with distrust and written whole or not at all."""

from __future__ import annotations

import gzip
import os
import re
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from isthmus.errors import DataError, OptionError, OutputError, SchemaWarning
from isthmus.files import replaced_file
from isthmus.kinds import columns as reading

__all__ = ["TableWriter", "read", "stream"]

KNOWN = ".csv, .csv.gz, .tsv, .parquet, .arrow, .feather"
BLOCK = 4 * 2**20  # bytes of a CSV read at once; also the longest line
PACKING = 3  # of gzip; 9, its default, is several times slower for a few per cent
COPIES = 2  # of a table, that fit needs at once: as it is, and as numbers
BOMB = 400, 256 * 2**20  # no table shrinks this far: times its packed size, and at least so many bytes


def read(path: Path, delimiter: str | None = None) -> pa.Table:
    """Return a whole file; a CSV's columns as numbers where all of a column's rows are, else as text.

    Raises
    ------
    DataError
        In one line that names the file and, where there is one, the line.
    """
    with _told(path):
        if _suffix(path) in (".csv", ".tsv"):
            parts = list(stream(path, delimiter, BLOCK))
            table = pa.concat_tables(parts)
            return pa.table({name: reading.counted(table[name]) for name in table.column_names})
        with _batches(path, 65_536) as (schema, batches):
            if _suffix(path) == ".parquet":
                _fits_memory(path)
            table = pa.Table.from_batches(batches, schema)
        return _checked(path, table.schema, table.num_rows, delimiter) and table


def stream(path: Path, delimiter: str | None, cells: int, only: Collection[str] | None = None) -> Iterator[pa.Table]:
    """Yield a file in parts of at most `cells` cells (a CSV: 4 MB), of all columns or only some.

    The cells of a CSV come as text.
    """
    with _told(path):
        seen = 0
        if _suffix(path) in (".csv", ".tsv"):
            with _csv_source(path, delimiter) as (source, parse):
                try:
                    header = pa_csv.open_csv(source, _read_options(), parse).schema
                except pa.ArrowInvalid as error:
                    raise DataError(_csv_trouble(path, error, delimiter)) from None
            _checked(path, header, 1, delimiter)
            text = pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header.names, pa.string()),
                strings_can_be_null=False,
                include_columns=_wanted(header.names, only),
            )
            with _csv_source(path, delimiter) as (source, parse):
                try:
                    for batch in pa_csv.open_csv(source, _read_options(), parse, text):
                        seen += batch.num_rows
                        yield pa.Table.from_batches([batch])
                except pa.ArrowInvalid as error:
                    raise DataError(_csv_trouble(path, error, delimiter)) from None
            if not seen:
                raise DataError(f"{path} has a header and no rows: 0 sample(s)")
            return
        schema = _schema(path)
        _checked(path, schema, 1, delimiter)
        wanted = None if only is None else _wanted(schema.names, only)
        with _batches(path, max(cells // max(len(schema if wanted is None else wanted), 1), 1), wanted) as (_, batches):
            for batch in batches:
                yield pa.Table.from_batches([batch])


class TableWriter:
    """Write a table part by part, to a CSV or Parquet file that appears only when it is whole.

    A context manager; left with an error, it leaves what was there before.

    Parameters
    ----------
    path : str or Path
        Ending in .csv, .csv.gz, .tsv or .parquet.
    delimiter : str, optional
        Of a CSV file; by default a comma (a tab for .tsv).

    Raises
    ------
    OutputError
        Where the file cannot be written.
    """

    def __init__(self, path: str | Path, delimiter: str | None = None) -> None:
        self.path, self.mark = Path(path), _mark(Path(path), None if _suffix(Path(path)) == ".tsv" else delimiter)
        if _suffix(self.path) not in (".csv", ".tsv", ".parquet"):
            raise OutputError(f"cannot write {path}: the name must end in .csv, .csv.gz, .tsv or .parquet")
        self._writer: Any = None
        self._stack = ExitStack()

    def __enter__(self) -> TableWriter:
        """Open a temporary file beside the path."""
        self._temporary = self._stack.enter_context(replaced_file(self.path))
        return self

    def write(self, table: pa.Table) -> None:
        """Add rows; the first part's columns are the file's."""
        table = table.replace_schema_metadata(None)
        if self._writer is None:
            self._writer = self._open(table.schema)
        self._writer(table)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Put the file in its place, or remove it after an error."""
        return self._stack.__exit__(kind, error, trace)

    def _open(self, schema: pa.Schema) -> Callable[[pa.Table], None]:
        if _suffix(self.path) == ".parquet":
            parquet: Any = self._stack.enter_context(pq.ParquetWriter(self._temporary, schema))
            return lambda table: parquet.write_table(table)
        # Arrow's own writer puts every text in quotes, so that a number read as text would come back changed.
        packed = self.path.name.lower().endswith(".gz")
        raw: Any = gzip.open(self._temporary, "wb", compresslevel=PACKING) if packed else open(self._temporary, "wb")  # noqa: SIM115
        sink = self._stack.enter_context(raw)
        header = pa.table([pa.array([name]) for name in schema.names], names=[str(i) for i in range(len(schema))])
        sink.write(_lines(header, self.mark))
        return lambda table: sink.write(_lines(table, self.mark))


def _lines(table: pa.Table, mark: str) -> bytes:
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


def _suffix(path: Path) -> str:
    name = path.name.lower()
    return Path(name.removesuffix(".gz")).suffix if name.endswith((".csv.gz", ".tsv.gz")) else path.suffix.lower()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what reading can raise into one line that names the file."""
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a table; give one of its files ({KNOWN})")
    if not path.exists():
        raise DataError(f"{path} does not exist")
    if _suffix(path) not in (".csv", ".tsv", ".parquet", ".arrow", ".feather"):
        raise DataError(f"{path} is not a table this Isthmus reads: the name must end in {KNOWN}")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty: 0 sample(s)")
    try:
        yield
    except (DataError, OptionError):
        raise
    except pa.ArrowMemoryError:
        raise DataError(f"{path} asks for more memory than there is") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason}); convert it, for example with iconv") from None
    except (pa.ArrowException, OSError, EOFError) as error:
        if isinstance(error, OutputError):
            raise
        first = str(error).strip().split("\n")[0]
        raise DataError(f"{path} is damaged or not a {_suffix(path)[1:]} file ({first})") from None


class _Unpacked:
    """A gzip stream that refuses to unpack to more than any table could hold."""

    closed = False

    def __init__(self, path: Path, source: pa.NativeFile) -> None:
        self.path, self.limit, self.done = path, max(BOMB[1], BOMB[0] * path.stat().st_size), 0
        self.stream = pa.CompressedInputStream(source, "gzip")

    def read(self, count: int = -1) -> bytes:
        part: bytes = self.stream.read(count)
        if not self.done:
            _check_text(self.path, part[:4096])
        self.done += len(part)
        if self.done > self.limit:
            raise DataError(f"{self.path} unpacks to over {self.limit:,} bytes: unpack it yourself if you trust it")
        return part

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return False

    def close(self) -> None:
        self.stream.close()


def _check_text(path: Path, head: bytes) -> None:
    if b"\0" in head:
        raise DataError(f"{path} is binary, not a CSV file")


@contextmanager
def _csv_source(path: Path, delimiter: str | None) -> Iterator[tuple[Any, pa_csv.ParseOptions]]:
    mark = _mark(path, delimiter)
    parse = pa_csv.ParseOptions(delimiter=mark, newlines_in_values=True)
    with pa.OSFile(str(path)) as source:
        if path.name.lower().endswith(".gz"):
            yield pa.PythonFile(_Unpacked(path, source), mode="r"), parse
        else:
            _check_text(path, source.read(4096))
            source.seek(0)
            yield source, parse


def _mark(path: Path, delimiter: str | None) -> str:
    """Return what separates the cells; a tab may be written out, as a shell passes it on."""
    mark = {"": ",", "\\t": "\t", "tab": "\t"}.get(delimiter or "", delimiter or "")
    if not delimiter and _suffix(path) == ".tsv":
        mark = "\t"
    if len(mark) != 1 or not mark.isascii() or mark in '"\r\n\0':
        raise OptionError(f"the delimiter must be one plain character, such as ';', or tab, not {mark!r}")
    return mark


def _read_options() -> pa_csv.ReadOptions:
    return pa_csv.ReadOptions(block_size=BLOCK, use_threads=False)  # one thread: it counts rows in its errors


def _csv_trouble(path: Path, error: Exception, delimiter: str | None) -> str:
    with _csv_source(path, delimiter) as (source, _):
        head = source.read(BLOCK).decode("utf-8", "replace").split("\n")[0]
    other = delimiter is None and _other_mark(head)
    if other:
        return f"{path} {other}"
    ragged = re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+): (.*)", str(error), re.DOTALL)
    if ragged:
        row, wanted, got, text = ragged.groups()
        where = f"row {int(row) - 2} (the first is 0)" if row else "a row"
        return f"{path} is ragged: {where} has {got} columns, the header has {wanted}; it reads {text[:60]!r}"
    first = str(error).strip().split("\n")[0]
    if "straddling" in first or len(head) >= BLOCK // 4:
        return f"{path} has a line of over {min(len(head), BLOCK):,} bytes: is it a CSV file?"
    if "Empty CSV" in first:
        return (
            f"{path} has a header and no rows: 0 sample(s)"
            if head.strip("\ufeff \r")
            else f"{path} is empty: 0 sample(s)"
        )
    if "UTF8" in first or "UTF-8" in first:
        place = re.search(r"column #(\d+): Row #(\d+)", first)
        where = f" (column {int(place[1])}, row {int(place[2]) - 2}; the first is 0)" if place else ""
        return f"{path} is not UTF-8 text{where}; convert it, for example with iconv -t utf-8"
    return f"{path} cannot be read as CSV ({first})"


def _other_mark(head: str) -> str:
    """Say which character a header without commas seems to be separated by; "" where there is none."""
    for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if mark in head and "," not in head:
            return f"seems to be separated by {word}; give delimiter {mark!r}"
    return ""


def _checked(path: Path, schema: pa.Schema, rows: int, delimiter: str | None) -> bool:
    names = schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    numbers = [name for name in names if re.match(reading.NUMERAL, name)]
    if twice:
        cure = "begin the file with the names of its columns" if len(numbers) == len(names) else "rename them"
        raise DataError(f"{path} has several columns named {', '.join(map(repr, twice[:8]))}; {cure}")
    if len(numbers) == len(names) > 1 and any("." in name for name in names):
        warnings.warn(
            f"{path}: all its columns have numbers for names ({', '.join(names[:3])}, …); a CSV file begins with the "
            "names of its columns, or its first row is lost", SchemaWarning, stacklevel=4,
        )  # fmt: skip
    if len(names) == 1 and delimiter is None:
        other = _other_mark(names[0]) or (
            "seems to be separated by commas; give delimiter ','" if "," in names[0] else ""
        )
        if other:
            raise DataError(f"{path} {other}")
    if any("\ufffd" in name or not name.isprintable() for name in names):
        raise DataError(f"{path} is not a text table: its header is {names[0][:30]!r}")
    if rows == 0:
        raise DataError(f"{path} has a header and no rows: 0 sample(s)")
    return True


def _fits_memory(path: Path) -> None:
    """Refuse what cannot be read whole before memory is taken: a Parquet file of a few KB may hold billions of rows."""
    about = pq.read_metadata(path)
    needed = about.num_rows * about.num_columns * 8 * COPIES
    if needed > _memory():
        raise DataError(
            f"{path} holds {about.num_rows:,} rows of {about.num_columns:,} columns, which need about "
            f"{needed / 2**30:,.0f} GB of memory, and there are {_memory() / 2**30:,.0f}; give a part of the rows"
        )


def _memory() -> int:
    if not hasattr(os, "sysconf"):  # Windows does not tell
        return 2**62
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _schema(path: Path) -> pa.Schema:
    with _batches(path, 1) as (schema, _):
        return schema


def _wanted(names: list[str], only: Collection[str] | None) -> list[str]:
    return names if only is None else [name for name in names if name in only]


def _selected(batches: Iterator[pa.RecordBatch], only: list[str] | None) -> Iterator[pa.RecordBatch]:
    return batches if only is None else (batch.select(only) for batch in batches)  # Parquet's "a" brings "a.b" too


@contextmanager
def _batches(
    path: Path, rows: int, only: list[str] | None = None
) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    if _suffix(path) == ".parquet":
        with pq.ParquetFile(path, pre_buffer=False) as file:
            batches = file.iter_batches(rows, columns=only, use_threads=False)
            yield file.schema_arrow, _selected(batches, only)
        return
    with pa.memory_map(str(path)) as source:
        try:
            reader: Any = pa.ipc.open_file(source)
            batches = (reader.get_batch(place) for place in range(reader.num_record_batches))
        except pa.ArrowInvalid:
            source.seek(0)
            reader = pa.ipc.open_stream(source)
            batches = iter(reader)
        yield reader.schema, _selected(batches, only)
