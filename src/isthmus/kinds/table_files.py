"""Tables in files: CSV, Parquet and Arrow, read with distrust and written whole or not at all."""

from __future__ import annotations

import gzip
import os
import re
import unicodedata
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from isthmus.errors import DataError, OptionError, OutputError, SchemaWarning
from isthmus.files import replaced_file
from isthmus.kinds import columns as reading
from isthmus.kinds.csv_files import BLOCK, header, is_csv, lines, mark_of, parts, suffix

__all__ = ["TableWriter", "read", "stream"]

KNOWN = ".csv, .csv.gz, .tsv, .parquet, .arrow, .feather"
PACKING = 3  # of gzip; 9, its default, is several times slower for a few per cent
COPIES = 2  # of a table, that fit needs at once: as it is, and as numbers


def read(path: Path, delimiter: str | None = None) -> pa.Table:
    """Return a whole file; a CSV's columns as numbers where all of a column's rows are, else as text.

    Raises
    ------
    DataError
        In one line that names the file and, where there is one, the line.
    """
    with _told(path):
        if is_csv(path):
            table = pa.concat_tables(stream(path, delimiter, BLOCK))
            return pa.table({name: reading.counted(table[name]) for name in table.column_names})
        with _batches(path, 65_536) as (schema, batches):
            if suffix(path) == ".parquet":
                _fits_memory(path)
            table = pa.Table.from_batches(batches, schema)
        return _checked(path, table.column_names, table.num_rows) and table


def stream(path: Path, delimiter: str | None, cells: int, only: Collection[str] | None = None) -> Iterator[pa.Table]:
    """Yield a file in parts of at most `cells` cells (a CSV: 4 MB), of all columns or only some.

    The cells of a CSV come as text.
    """
    with _told(path):
        if is_csv(path):
            names = header(path, delimiter)
            _checked(path, names, 1)
            yield from parts(path, names, delimiter, None if only is None else _wanted(names, only))
            return
        schema = _schema(path)
        _checked(path, schema.names, 1)
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
        self.path, self.mark = Path(path), mark_of(Path(path), None if suffix(Path(path)) == ".tsv" else delimiter)
        if suffix(self.path) not in (".csv", ".tsv", ".parquet"):
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
        if suffix(self.path) == ".parquet":
            parquet: Any = self._stack.enter_context(pq.ParquetWriter(self._temporary, schema))
            return lambda table: parquet.write_table(table)
        # Arrow's own writer puts every text in quotes, so that a number read as text would come back changed.
        packed = self.path.name.lower().endswith(".gz")
        raw: Any = gzip.open(self._temporary, "wb", compresslevel=PACKING) if packed else open(self._temporary, "wb")  # noqa: SIM115
        sink = self._stack.enter_context(raw)
        header = pa.table([pa.array([name]) for name in schema.names], names=[str(i) for i in range(len(schema))])
        sink.write(lines(header, self.mark))
        return lambda table: sink.write(lines(table, self.mark))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what reading can raise into one line that names the file."""
    try:
        if path.is_dir():
            raise DataError(f"{path} is a folder, not a table; give one of its files ({KNOWN})")
        if not path.exists():
            raise DataError(f"{path} does not exist")
        if suffix(path) not in (".csv", ".tsv", ".parquet", ".arrow", ".feather"):
            raise DataError(f"{path} is not a table this Isthmus reads: the name must end in {KNOWN}")
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty: 0 sample(s)")
        yield
    except (DataError, OptionError):
        raise
    except PermissionError:
        raise DataError(f"{path} cannot be read: permission denied") from None
    except pa.ArrowMemoryError:
        raise DataError(f"{path} asks for more memory than there is") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason}); convert it, for example with iconv") from None
    except (pa.ArrowException, OSError, EOFError) as error:
        if isinstance(error, OutputError):
            raise
        first = str(error).strip().split("\n")[0]
        raise DataError(f"{path} is damaged or not a {suffix(path)[1:]} file ({first})") from None


def _checked(path: Path, names: list[str], rows: int) -> bool:
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
    for place, name in enumerate(names):
        if any(mark == "\ufffd" or (unicodedata.category(mark) == "Cc" and mark not in "\t\n\r") for mark in name):
            raise DataError(f"{path} is not a text table: its column {place} (the first is 0) is called {name[:30]!r}")
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
    if suffix(path) == ".parquet":
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
