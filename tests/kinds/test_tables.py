import errno
import gzip
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.errors import DataError, ModelError, OutputError, SchemaWarning
from isthmus.kinds import csv_files, table_files, tables
from isthmus.kinds.schema import Schema
from isthmus.kinds.table_files import TableWriter


def schema_of(frame, **overrides):
    table = tables.read(frame)
    return Schema.infer(table, overrides, named=tables.named(table)), table


def types(schema):
    return {column.name: column.type for column in schema.columns}


def test_columns_are_recognised():
    frame = pd.DataFrame(
        {
            "number": [1.5, 2, None, 4] * 10, "whole": [1, 2, 3, 3] * 10, "digits": ["1", "2.5", "-3", ""] * 10,
            "kind": ["a", "b", "c", "a"] * 10, "flag": [True, False, True, True] * 10, "said": ["yes", "no"] * 20,
            "when": pd.date_range("2024-01-01", periods=40, freq="5h"), "day": ["2024-01-02", "2024-02-03"] * 20,
            "name": [f"n{i}" for i in range(40)], "nothing": [None] * 40, "row": range(100, 140),
        }
    )  # fmt: skip
    with pytest.warns(SchemaWarning):
        schema, table = schema_of(frame)
    assert types(schema) == {
        "number": "number", "whole": "number", "digits": "number", "kind": "category", "flag": "boolean",
        "said": "boolean", "when": "clock", "day": "datetime", "name": "ignored", "nothing": "ignored",
        "row": "ignored",
    }  # fmt: skip
    assert schema.encode(table).shape == (40, len(schema.cells))
    assert Schema.from_json(schema.to_json()) == schema


def test_cells_by_hand():
    frame = pd.DataFrame({"n": [1.0, None, 3.0], "k": ["x", None, "y"], "b": [True, False, True]})
    schema, table = schema_of(frame)
    assert np.array_equal(
        schema.encode(table), [[1, 0, 1, 0], [0, 2, np.nan, 1], [1, 1, 3, 0]], equal_nan=True
    )  # b (false, true), k (x, y, missing), n, n is missing
    new = tables.read(pd.DataFrame({"n": [9.0], "k": ["never"], "b": [False]}))
    assert schema.encode(new).tolist() == [[0, 3, 9, 0]]


def test_the_hour_and_the_weekday_of_a_moment():
    frame = pd.DataFrame({"t": pd.to_datetime(["2024-01-01 13:59", "2024-01-07 00:00"]), "x": [1, 2]})  # Monday, Sunday
    schema, table = schema_of(frame)
    assert schema.encode(table)[:, 1:3].tolist() == [[13, 0], [0, 6]]


def test_an_override_wins_and_an_impossible_one_is_told():
    frame = pd.DataFrame({"zip": [10115, 20095] * 10, "x": range(20), "word": ["a", "b"] * 10})
    assert types(schema_of(frame, zip="category")[0])["zip"] == "category"
    with pytest.raises(DataError, match=r"'word', row 0.*not a number"):
        schema_of(frame, word="number")


def test_paysim_drops_names_by_the_rule(shared_data):
    with pytest.warns(SchemaWarning):
        schema, _ = schema_of(shared_data / "tables" / "paysim.csv.gz")
    left_out = [column.name for column in schema.columns if column.type == "ignored"]
    assert left_out == ["nameOrig", "nameDest"]


def test_streaming_gives_the_same_cells_as_reading_whole(shared_data):
    path = shared_data / "tables" / "kddcup99.csv.gz"
    with pytest.warns(SchemaWarning, match="looks like a label"):
        schema, table = schema_of(path)
    first, parts = 0, []
    for part in tables.stream(path):
        parts.append(schema.encode(part, first=first))
        first += part.num_rows
    assert len(parts) > 1
    assert np.array_equal(np.concatenate(parts), schema.encode(table))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.sampled_from(["a", "b,", 'c"', "d\ne"])), min_size=2, max_size=20))
def test_a_table_survives_writing_and_reading(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("t")
    table = pa.table({"x": [x for x, _ in rows], "k": [k for _, k in rows]})
    for name in ("t.csv", "t.csv.gz", "t.parquet"):
        with TableWriter(folder / name) as writer:
            writer.write(table.slice(0, 1))
            writer.write(table.slice(1))
        back = tables.read(folder / name)
        assert back.column("x").cast(pa.float64()).to_pylist() == table.column("x").to_pylist()
        assert back.column("k").to_pylist() == table.column("k").to_pylist()


def test_an_error_while_writing_leaves_the_old_file(tmp_path):
    (tmp_path / "t.csv").write_text("old")
    with pytest.raises(ArithmeticError), TableWriter(tmp_path / "t.csv") as writer:
        writer.write(pa.table({"a": [1 / 0]}))
    assert (tmp_path / "t.csv").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]


def test_quotes_a_byte_order_mark_and_tabs(tmp_path):
    (tmp_path / "t.csv").write_bytes(b'\xef\xbb\xbfa,"b c"\n1,"x\ny"\n2,"q""q"\n')
    assert tables.read(tmp_path / "t.csv").to_pydict() == {"a": [1, 2], "b c": ["x\ny", 'q"q']}
    (tmp_path / "t.tsv").write_text("a\tb\n1\t2\n")
    assert tables.read(tmp_path / "t.tsv").to_pydict() == {"a": [1], "b": [2]}
    (tmp_path / "s.csv").write_text("a;b\n1;2\n")
    assert tables.read(tmp_path / "s.csv", delimiter=";").to_pydict() == {"a": [1], "b": [2]}


def test_a_gzip_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, "BOMB", (400, 2**20))
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"0,0\n" * 2_000_000))
    with pytest.raises(DataError, match="unpacks to over"):
        tables.read(tmp_path / "bomb.csv.gz")


def test_a_table_that_memory_cannot_hold_is_refused_before_it_is_read(tmp_path, monkeypatch):
    """A constant takes next to no room in Parquet, however many rows it has."""
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"a": np.zeros(2**21), "b": np.zeros(2**21)}), path)
    assert path.stat().st_size < 2**16
    monkeypatch.setattr(table_files, "_memory", lambda: 2**25)
    with pytest.raises(DataError, match=r"2,097,152 rows of 2 columns.*give a part of the rows"):
        tables.read(path)
    assert sum(part.num_rows for part in tables.stream(path)) == 2**21  # scoring holds a part at a time


def test_a_damaged_schema_is_told():
    with pytest.raises(ModelError):
        Schema.from_json({"columns": [{"name": "x", "type": "colour"}], "named": True})


def test_many_rows_are_streamed_in_bounded_memory(tmp_path):
    """Two million rows of five columns are 80 MB as numbers; walking them must not take as much."""
    path = tmp_path / "large.parquet"
    with pq.ParquetWriter(path, pa.schema([(f"c{i}", pa.float64()) for i in range(5)])) as writer:
        for seed in range(20):
            chance = np.random.default_rng(seed)
            writer.write_table(pa.table({f"c{i}": chance.normal(size=100_000) for i in range(5)}))
    code = (
        "import resource; from isthmus.kinds import tables; import numpy, pyarrow.parquet\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"rows = sum(part.num_rows for part in tables.stream({str(path)!r}))\n"
        "print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert int(out[0]) == 2_000_000
    assert int(out[1]) * 1024 < 75e6


@pytest.mark.parametrize(
    ("X", "error", "words"),
    [
        (scipy.sparse.eye(3), TypeError, "sparse matrix was passed"),
        ([1, 2], ValueError, "Expected 2D array.*Reshape your data"),
        (np.zeros((2, 2, 2)), ValueError, "Expected 2D array"),
        (np.empty((3, 0)), ValueError, r"0 feature\(s\) \(shape=\(3, 0\)\) while a minimum of 1 is required."),
        (np.ones((2, 2)) * 1j, ValueError, "Complex data not supported"),
        (pd.DataFrame({"a": [1j, 2j], "b": [1, 2]}), ValueError, "'a': Complex data not supported"),
        ([[1, 2], [3]], ValueError, "neither a table nor a path"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), ValueError, "several columns named 'a'"),
        (np.zeros((3, 2), "m8[D]"), DataError, r"x0: cells of type timedelta64\[D\] are not supported"),
        (np.zeros((3, 2), "V4"), DataError, "x0: cells of type .* are not supported"),
        (pl.DataFrame({"a": pl.Series([1, 2], dtype=pl.Int128)}), DataError, "'a': cells of type Int128"),
    ],
)
def test_what_is_no_table_is_told_as_scikit_learn_tells_it(X, error, words):
    with pytest.raises(error, match=words):
        tables.read(X)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", ">f8", ">i4", "u1", "i8", "?", "O", "U5", "S5"])
def test_arrays_of_any_type(dtype):
    table = tables.read(np.array([[0, 1], [1, 0]]).astype(dtype))
    cells = Schema.infer(table, dict.fromkeys(("x0", "x1"), "number"), named=False).encode(table)
    assert cells.tolist() == [[0, 1], [1, 0]]


def test_a_masked_cell_is_missing():
    array = np.ma.masked_array([[1.0, 2], [3, 4]], mask=[[False, True], [False, False]])
    assert tables.read(array).column("x1").to_pylist()[1] == 4
    assert np.isnan(tables.read(array).column("x1").to_pylist()[0])


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.arrow"])
def test_only_the_columns_asked_for_are_read(tmp_path, name):
    table = pa.table({"a": [1, 2], "a.b": [3, 4], "c": ["u", "v"]})
    if name == "t.arrow":
        with pa.ipc.new_file(str(tmp_path / name), table.schema) as writer:
            writer.write_table(table)
    else:
        with TableWriter(tmp_path / name) as writer:
            writer.write(table)
    parts = list(tables.stream(tmp_path / name, columns=["c", "a", "not there"]))
    assert [part.column_names for part in parts] == [["a", "c"]]
    assert [part.column_names for part in tables.stream(table, columns=["c"])] == [["c"]]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "t.parquet"])
def test_every_type_survives_writing(tmp_path, name):
    table = pa.table(
        {
            "f": [0.1, None, 1e-300], "i": [2**53, -1, None], "b": [True, None, False],
            "s": ["a\tb", "", 'say "x"\r\n'],
            "small": pa.array([0.1, 2, None], pa.float32()), "k": pa.array(["u", None, "v"]).dictionary_encode(),
            "d": pa.array([0, 1, None], pa.date32()),
        }
    )  # fmt: skip
    with TableWriter(tmp_path / name) as writer:
        writer.write(table)
    back = tables.read(tmp_path / name)
    assert back["f"].to_pylist() == table["f"].to_pylist()
    assert back["i"].to_pylist() == table["i"].to_pylist()
    assert back["s"].to_pylist()[::2] == table["s"].to_pylist()[::2]
    text = name != "t.parquet"
    assert back["b"].to_pylist() == (["True", "", "False"] if text else [True, None, False])
    assert back["small"].to_pylist() == pytest.approx([0.1, 2, None])
    assert [str(day or "") for day in back["d"].to_pylist()] == ["1970-01-01", "1970-01-02", ""]


def test_a_lone_empty_cell_is_still_a_row(tmp_path):
    with TableWriter(tmp_path / "t.csv") as writer:
        writer.write(pa.table({"a": ["u", None, "v"]}))
    assert tables.read(tmp_path / "t.csv").num_rows == 3


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_a_full_disk_leaves_the_old_file(tmp_path, name, monkeypatch):
    (tmp_path / name).write_text("old")

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="the disk is full; nothing was changed"), TableWriter(tmp_path / name) as out:
        out.write(pa.table({"a": [1.0]}))
    assert (tmp_path / name).read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    with pytest.raises(OutputError, match="does not exist"), TableWriter(tmp_path / "nowhere" / "t.csv"):
        pass
    with pytest.raises(OutputError, match="must end in"):
        TableWriter(tmp_path / "t.docx")


def test_junk_that_is_packed_is_junk_and_nothing_else_is_said(tmp_path, capfd):
    junk = np.random.default_rng(0).bytes(5000)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(junk))
    with pytest.raises(DataError, match=r"t\.csv\.gz is binary"):
        tables.read(tmp_path / "t.csv.gz")
    (tmp_path / "t.csv").write_bytes(b"a,b\n1,2\n\xff,2,3\n")
    with pytest.raises(DataError, match=r"ragged: row 1 \(the first is 0\) has 3 columns, the header has 2"):
        tables.read(tmp_path / "t.csv")
    assert capfd.readouterr().err == ""


def test_damage_at_the_end_of_a_packed_file_is_seen(tmp_path):
    packed = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (i, i % 7) for i in range(20_000)))
    for damaged in (packed[: len(packed) // 2], packed[:-4], packed[:-6] + b"xx" + packed[-4:]):
        (tmp_path / "t.csv.gz").write_bytes(damaged)
        with pytest.raises(DataError, match=r"t\.csv\.gz is damaged"):
            list(tables.stream(tmp_path / "t.csv.gz"))


def test_pandas_and_polars_are_not_imported_with_the_room():
    code = (
        "import sys; from isthmus.kinds import schema, table_files, tables\n"
        "print({'pandas', 'polars', 'narwhals'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("header.csv", b"a,b,c", "header.csv has a header and no rows"),
        ("mark.csv", b"\xef\xbb\xbf", "is empty"),
        ("line.csv", b"a" * 6_000_000, "has a line of over 4,194,304 bytes"),
        ("decimal.csv", b"a;b\n1,5;2,5\n2,5;3,5\n", "separated by semicolons; give delimiter ';'"),
        ("latin.csv", "a,b\n1,x\n2,\xfc\n".encode("latin-1"), r"not UTF-8 text \(column 1, row 1; the first is 0\)"),
        ("bare.csv", b"1,1\n2,3\n", "several columns named '1'; begin the file with the names"),
        ("quoted.csv", b'"a,b";c\n1;2\n', "separated by semicolons; give delimiter ';'"),
        ("quoted.csv", b'"a,\nb";c\n1,2;3\n', "separated by semicolons; give delimiter ';'"),
        ("commas.tsv", b"a,b\n1,2\n", "separated by commas; give delimiter ','"),
        ("wide.csv", "a,b\n1,ü\n".encode("utf-16"), "is UTF-16 text; convert it, for example with iconv"),
        ("wide.csv", "a,b\n1,ü\n".encode("utf-16-le"), "is UTF-16LE text"),
        ("wide.csv.gz", gzip.compress("a,b\n1,ü\n".encode("utf-16-be"), mtime=0), "is UTF-16BE text"),
        ("bell.csv", b"a,b\x07\n1,2\n", r"not a text table: its column 1 \(the first is 0\) is called 'b\\x07'"),
        ("half.csv", "a,b\ufffd\n1,2\n".encode(), "its column 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_csv_is_said_as_it_is(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        tables.read(tmp_path / name)


ROWS = "".join(f"{i},x,{i % 7}\n" for i in range(110))


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('a,b,c\n1,x,2\n2,y,"3 inch\n' + ROWS, "row 1 "),  # in the last column, where nothing else tells
        ('a,b,c\n1,x,2\n\n2,"y inch,3\n' + ROWS, "row 1 "),
        ('a,b,c\n1,"x\r\n""z""",2\r\n2,"y, z",3\r\n3,5" y,"' + ROWS, "row 2 "),
        ('a,b,c\n1,x,"2', "row 0 "),
        ('a,b,"c\n' + ROWS, "the header"),
        ('\ufeff"a,b,c\n' + ROWS, "the header"),
        ('a,b,c\n1,x,2\n2,y,"3 inch\n' + ROWS * 6000, "row 1 "),  # more than is read at once
    ],
)
def test_a_quote_that_nothing_closes_is_told_by_the_row_where_it_opens(tmp_path, name, text, where):
    content = text.encode()
    (tmp_path / name).write_bytes(gzip.compress(content, 1) if name.endswith(".gz") else content)
    for read in (tables.read, lambda path: list(tables.stream(path, columns=["a"]))):
        with pytest.raises(DataError, match=f"{name}: nothing closes the quote that opens in {where}"):
            read(tmp_path / name)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('"x\ny"', "x\ny"), ('"x\n"', "x\n"), ('""', ""), ('""""', '"'), ('"x,""y"""', 'x,"y"'), ('5"', '5"'),
        ('5" x "y', '5" x "y'), ('"x" y', "x y"), ('"', None), ('"\r\n"', "\r\n"), ("x", "x"), ('"\n"', "\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("mark", [",", ";"])
def test_quotes_and_line_ends_within_them_stay_at_the_end_of_a_file(tmp_path, cell, value, end, mark):
    (tmp_path / "t.csv").write_bytes(f"a{mark}k\nu{mark}v\nu{mark}{cell}{end}".encode())
    if value is None:
        with pytest.raises(DataError, match="row 1 "):
            tables.read(tmp_path / "t.csv", delimiter=mark)
        return
    assert tables.read(tmp_path / "t.csv", delimiter=mark)["k"].to_pylist() == ["v", value]


@pytest.mark.parametrize("name", ["Prix\u00a0€", "amount\n(EUR)", "a\tb", "zero\u200bwidth", "línea\r\ndos", "e\u0301"])
def test_a_column_may_have_any_name_that_people_write(tmp_path, name):
    table = pa.table({name: [1.5, 2.5], "b": [3, 4]})
    with TableWriter(tmp_path / "t.csv") as writer:
        writer.write(table)
    pq.write_table(table, tmp_path / "t.parquet")
    for file in ("t.csv", "t.parquet"):
        assert tables.read(tmp_path / file).to_pydict() == table.to_pydict()


def test_a_csv_without_names_is_noticed(tmp_path):
    (tmp_path / "t.csv").write_text("5.1,3.5\n4.9,3.0\n")
    with pytest.warns(SchemaWarning, match="its first row is lost"):
        tables.read(tmp_path / "t.csv")


def test_half_a_character_is_replaced():
    frame = pd.DataFrame({"a": pd.Series(["x\ud800", "y"], dtype=object)})
    assert tables.read(frame.set_axis(pd.Index(["a\ud800"], dtype=object), axis=1)).to_pydict() == {"a?": ["x?", "y"]}


def test_a_table_remembers_its_file_through_a_selection_of_rows(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    table = tables.read(tmp_path / "t.csv")
    assert tables.source_name(table.filter([True, False]).drop_columns(["b"])) == "t.csv"
    assert tables.source_name(pa.table({"a": [1]})) == "the table"


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_rows_of_a_file_are_numbered_as_they_are_there_whatever_it_was_written_from(tmp_path, name):
    """What selected rows are called in memory travels with their table, also into what a person writes of it."""
    whole = tables.read(pd.DataFrame({"a": range(40), "b": ["5"] * 30 + ["odd"] + ["5"] * 9}))
    part = tables.selected(whole, np.arange(20, 40))
    schema = Schema.from_json({"columns": [{"name": column, "type": "number"} for column in "ab"], "named": True})
    with pytest.raises(DataError, match="row 30 "):
        schema.encode(part)
    if name == "t.parquet":
        pq.write_table(part, tmp_path / name)
    else:
        with pa.ipc.new_file(str(tmp_path / name), part.schema) as writer:
            writer.write_table(part)
    told = r"column 'b', row 10 \(the first is 0\): 'odd' is not a number"
    for seen in (tables.read(tmp_path / name), *tables.stream(tmp_path / name)):
        with pytest.raises(DataError, match=told):
            schema.encode(seen)


def test_a_written_table_bears_no_marks_of_ours_and_its_columns_are_told_by_name(tmp_path):
    array = tables.read(np.array([[1.0, 2], [3, 4], [5, 6]]))
    marked = tables.selected(array, np.array([2, 0]))
    with TableWriter(tmp_path / "ours.parquet") as writer:
        writer.write(marked)
    pq.write_table(marked, tmp_path / "theirs.parquet")
    for name in ("ours.parquet", "theirs.parquet"):
        seen = tables.read(tmp_path / name)
        assert tables.named(seen)
        assert tables.source_name(seen) == name
        assert list(tables.row_numbers(seen)) == [0, 1]
    assert not any(b"isthmus" in key for key in pq.read_schema(tmp_path / "ours.parquet").metadata or {})
