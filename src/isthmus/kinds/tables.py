"""Containers of tables: the only room that tells pandas, polars, pyarrow, numpy and files apart.

Whatever comes in leaves as a pyarrow table. An array has no column names; its table calls them x0, x1, …
and remembers that they were given here (`named`).
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from isthmus.errors import DataError
from isthmus.kinds import table_files

__all__ = ["named", "numbered", "read", "row_numbers", "selected", "source_name", "stream"]

CELLS_AT_ONCE = 500_000  # of a streamed batch: 4 MB as float64
COMPLEX = "Complex data not supported: give real and imaginary part as two columns"
# marks that a table bears here, in memory; those of a file are never believed
_UNNAMED = {b"isthmus": b"unnamed"}
_SOURCE = b"isthmus.source"  # which file a table was read from
_ROWS = b"isthmus.rows"  # the numbers that selected rows have in the whole table


def read(X: Any, *, delimiter: str | None = None) -> pa.Table:
    """Return the whole of a table.

    Parameters
    ----------
    X : data frame (pandas, polars, pyarrow), 2-d array, list of rows, or path
        Paths end in .csv, .csv.gz, .tsv, .parquet, .arrow or .feather.
    delimiter : str, optional
        Of a CSV file; by default a comma (a tab for .tsv).

    Raises
    ------
    DataError
        Naming the file, row or column that cannot be read.
    """
    if isinstance(X, (str, Path)):
        table = _unmarked(table_files.read(Path(X), delimiter))
        return table.replace_schema_metadata({**(table.schema.metadata or {}), _SOURCE: source_name(X).encode()})
    if isinstance(X, pa.RecordBatch):
        X = pa.Table.from_batches([X])
    if isinstance(X, pa.Table):
        return _checked(X)
    frame = _from_frame(X)
    return _from_array(X) if frame is None else frame


def stream(X: Any, *, delimiter: str | None = None, columns: Collection[str] | None = None) -> Iterator[pa.Table]:
    """Yield a table in parts of bounded size, in order; a file is never held as a whole.

    Cells of a CSV file come as the text they are, so that they can be written back unchanged.

    Parameters
    ----------
    X, delimiter : as for `read`
    columns : collection of str, optional
        The only columns to read, of those there are; the columns of an array, which has no names, all come.
    """
    if isinstance(X, (str, Path)):
        yield from map(_unmarked, table_files.stream(Path(X), delimiter, CELLS_AT_ONCE, columns))
        return
    table = read(X)
    if columns is not None and named(table):
        table = table.select([name for name in table.column_names if name in columns])
    rows, numbers = max(CELLS_AT_ONCE // max(table.num_columns, 1), 1), row_numbers(table)
    for start in range(0, table.num_rows, rows):
        part = table.slice(start, rows)
        yield part if isinstance(numbers, range) else numbered(part, numbers[start : start + rows])


def named(table: pa.Table) -> bool:
    """Whether the columns came with names of their own."""
    return (table.schema.metadata or {}).get(b"isthmus") != b"unnamed"


def selected(table: pa.Table, rows: np.ndarray) -> pa.Table:
    """Return some rows of a table; errors call them by the numbers that they have in the whole of it."""
    return numbered(table.take(rows), np.asarray(row_numbers(table))[rows])


def numbered(table: pa.Table, numbers: Sequence[int], source: str | None = None) -> pa.Table:
    """Return a table whose rows have these numbers in errors, and that is called `source` there."""
    more = {_ROWS: np.asarray(numbers, np.int64).tobytes()} | ({} if source is None else {_SOURCE: source.encode()})
    return table.replace_schema_metadata((table.schema.metadata or {}) | more)


def row_numbers(table: pa.Table, first: int = 0) -> Sequence[int]:
    """Return what errors call the rows of a table: their numbers in the whole that they were selected from.

    `first` is the number of the first row where they were not selected, but are a part.
    """
    numbers = np.frombuffer((table.schema.metadata or {}).get(_ROWS, b""), np.int64)
    return numbers if len(numbers) == table.num_rows else range(first, first + table.num_rows)  # type: ignore[return-value]


def source_name(X: Any) -> str:
    """Return what to call the table in an error: its file name, or ``"the table"``."""
    if isinstance(X, pa.Table):
        source: bytes = (X.schema.metadata or {}).get(_SOURCE, b"the table")
        return source.decode("utf-8", "replace")
    return Path(X).name if isinstance(X, (str, Path)) else "the table"


def _unmarked(table: pa.Table) -> pa.Table:
    """Return a table of a file without marks that it was written with: its rows and names are those it has there."""
    marks = {*_UNNAMED, _SOURCE, _ROWS}
    kept = {key: value for key, value in (table.schema.metadata or {}).items() if key not in marks}
    return table.replace_schema_metadata(kept)


def _checked(table: pa.Table) -> pa.Table:
    names = table.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"the table has several columns named {', '.join(map(repr, twice))}; rename them")
    if not names:
        raise DataError(f"0 feature(s) (shape=({table.num_rows}, 0)) while a minimum of 1 is required.")
    return table


def _from_frame(X: Any) -> pa.Table | None:
    """Return a data frame of any library as an Arrow table, None if it is no data frame."""
    if _is_pandas(X):
        names = [_storable(str(name)) for name in X.columns]
        columns = [_from_series(X.iloc[:, place]) for place in range(len(names))]
        return _checked(pa.Table.from_arrays(columns, names=names))
    import narwhals as nw

    frame = nw.from_native(X, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    return _checked(_to_arrow(frame)) if isinstance(frame, nw.DataFrame) else None


def _to_arrow(frame: Any) -> pa.Table:
    try:
        return frame.to_arrow()
    except (pa.ArrowException, TypeError):
        for name in frame.columns:
            try:
                frame.select(name).to_arrow()
            except (pa.ArrowException, TypeError):
                raise DataError(
                    f"column {name!r}: cells of type {frame[name].dtype} are not supported; cast it or leave it out"
                ) from None
        raise


def _is_pandas(X: Any) -> bool:
    if "pandas" not in sys.modules:  # then nobody can have made one
        return False
    import pandas as pd

    return isinstance(X, pd.DataFrame)


def _from_series(series: Any) -> pa.Array:
    if getattr(series.dtype, "kind", "") == "c":
        raise DataError(f"column {series.name!r}: {COMPLEX}")
    try:
        array = pa.Array.from_pandas(series)
    except (pa.ArrowException, TypeError, OverflowError, UnicodeError):  # of several types, or of none that Arrow has
        array = pa.array([None if _is_gap(value) else _storable(str(value)) for value in series], pa.string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _is_gap(value: Any) -> bool:
    unlike = value is None or value != value
    return unlike if isinstance(unlike, bool) else False  # pandas.NA is neither like nor unlike, an array is both


def _storable(text: str) -> str:
    """Return a text that UTF-8 can hold: halves of a character, which Python lets stand alone, are replaced."""
    return text.encode("utf-8", "replace").decode()


def _from_array(X: Any) -> pa.Table:
    if type(X).__module__.startswith("scipy.sparse"):
        raise TypeError("A sparse matrix was passed, but dense data is required. Use X.toarray().")
    if isinstance(X, np.ma.MaskedArray):
        masked: Any = X
        X = masked.astype(np.float64).filled(np.nan) if X.dtype.kind in "fiub" else masked.astype(object).filled(None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy only warns of ragged rows in some versions
        try:
            array = np.asarray(X)
        except (ValueError, Warning) as error:
            raise DataError(f"this is neither a table nor a path: {error}") from None
    if np.iscomplexobj(array):
        raise DataError(COMPLEX)
    if array.ndim == 0:
        raise DataError(
            "data come as a path, a data frame, an array or a list of rows (pictures as a uint8 array or a list of "
            f"them), not {type(X).__name__}"
        )
    if array.ndim != 2:
        raise DataError(
            f"Expected 2D array, got {array.ndim}D array instead (shape={array.shape}). "
            "Reshape your data using array.reshape(-1, 1) if it is a single column."
        )
    if array.shape[1] == 0:
        raise DataError(f"0 feature(s) (shape={array.shape}) while a minimum of 1 is required.")
    columns = [_from_column(array[:, place], place) for place in range(array.shape[1])]
    names = [f"x{place}" for place in range(array.shape[1])]
    return pa.Table.from_arrays(columns, names=names).replace_schema_metadata(_UNNAMED)


def _from_column(column: np.ndarray, place: int) -> pa.Array:
    if column.dtype.kind == "S":
        column = np.char.decode(column, "utf-8", "replace")
    if (column.dtype.kind == "f" and column.dtype.itemsize > 8) or not column.dtype.isnative:
        column = column.astype(np.float64 if column.dtype.kind == "f" else column.dtype.newbyteorder("="))
    if column.dtype != object:
        try:
            return pa.array(np.ascontiguousarray(column))
        except (pa.ArrowException, UnicodeError) as error:
            raise DataError(f"column x{place}: cells of type {column.dtype} are not supported ({error})") from None
    for value in column:
        if isinstance(value, (dict, list, set)):  # scikit-learn's estimators say the same of such an array
            raise TypeError(f"argument must be a string or a number, not {type(value).__name__!r}")
    missing = [_is_gap(value) for value in column]
    try:
        numbers = [None if gone else float(value) for value, gone in zip(column, missing, strict=True)]
        return pa.array(numbers, type=pa.float64())
    except (TypeError, ValueError):
        texts = [None if gone else _storable(str(value)) for value, gone in zip(column, missing, strict=True)]
        return pa.array(texts, type=pa.string())
