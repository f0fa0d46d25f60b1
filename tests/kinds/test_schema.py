"""What columns are taken for, and that fit and scoring read one cell alike whatever container it comes in."""

import json
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.errors import DataError, IsthmusError, ModelError, OptionError, SchemaWarning
from isthmus.kinds import tables
from isthmus.kinds.schema import Schema


def schema_of(X, **overrides):
    table = tables.read(X)
    return Schema.infer(table, overrides, named=tables.named(table), name=tables.source_name(X)), table


def types(schema):
    return {column.name: column.type for column in schema.columns}


def streamed(schema, X):
    return np.concatenate([schema.encode(part, name=tables.source_name(X)) for part in tables.stream(X)])


@pytest.fixture
def csv(tmp_path):
    def write(text, name="t.csv"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("cells", "overrides"),
    [
        (["True", "False"], {}),
        (["TRUE", "false"], {}),
        (["Yes", "no"], {}),
        (["01067", "10115"], {}),
        (["0x1f", "0x2e"], {}),
        (["007.5", "12.5"], {}),
        (["31.01.2026", "01.02.2026"], {}),
        (["1/31/2026 9:05 PM", "2/1/2026 12:00 AM"], {}),
        (["n/a", "5"], {}),
        (["1.50", "2.0"], {"a": "category"}),
        (["2024-01-02", "2024-01-03"], {"a": "category"}),
        (["2024-01-02T10:00:00Z", "2024-01-03T12:00:00+02:00"], {}),
        (["2024-01-02 10:00:00.123456789", "2024-01-03"], {}),
        ([" a ", "b"], {}),
    ],
)
def test_a_csv_is_read_at_scoring_as_it_was_at_fit(csv, cells, overrides):
    """Fit infers types, scoring reads text: no cell of the fitted file may come back as one never seen."""
    path = csv("a,x\n" + "".join(f"{cell},{i % 5}\n" for i, cell in enumerate(cells * 5)))
    schema, table = schema_of(path, **overrides)
    assert np.array_equal(schema.encode(table), streamed(schema, path), equal_nan=True)
    for place, cell in enumerate(schema.cells):
        if cell.kind == "category":
            assert (schema.encode(table)[:, place] < cell.size).all()


def test_a_category_of_digits_keeps_its_zeros_and_is_compared_by_value(csv):
    schema, _ = schema_of(csv("zip,x\n" + "01067,1\n10115,2\n" * 5), zip="category")
    assert schema.columns[0].categories == ("01067", "10115")
    new = pd.DataFrame({"zip": ["10115", "10115.0", "1067", "none of these"], "x": 1.0})
    assert schema.encode(tables.read(new)).tolist() == [[1, 1], [1, 1], [1, 2], [1, 2]]  # x, zip; 2 is "never seen"


def test_zones_are_turned_into_utc_in_every_container(csv):
    text = "t,x\n2024-01-02T10:00:00+02:00,1\n2024-06-02T23:30:00Z,2\n"
    schema, table = schema_of(csv(text))
    assert types(schema)["t"] == "datetime"
    moments = pd.to_datetime(["2024-01-02T10:00:00+02:00", "2024-06-02T23:30:00Z"], utc=True)
    for zone in ("UTC", "Europe/Berlin"):
        frame = pd.DataFrame({"t": moments.tz_convert(zone), "x": [1, 2]})
        assert np.array_equal(schema.encode(tables.read(frame)), schema.encode(table))
    assert schema.encode(table)[:, 1].tolist() == [8, 23]


def test_containers_agree():
    frame = pd.DataFrame(
        {"n": [1.5, None, 3] * 4, "k": ["a", "b", None] * 4, "b": [True, False, False] * 4, "i": [1, 5, 2] * 4}
    )
    schema, table = schema_of(frame)
    for other in (pl.from_pandas(frame), pl.from_pandas(frame).lazy(), pa.Table.from_pandas(frame),
                  frame.convert_dtypes(), frame.astype({"k": "category"})):  # fmt: skip
        assert np.array_equal(schema.encode(tables.read(other)), schema.encode(table), equal_nan=True)


def test_a_categorical_of_numbers_is_a_category():
    schema, _ = schema_of(pd.DataFrame({"grade": pd.Categorical([1, 2, 5, 1]), "x": [1, 2, 3, 4]}))
    assert schema.columns[0].categories == ("1", "2", "5")
    assert schema.encode(pa.table({"grade": [5, 3], "x": [0, 0]}))[:, 0].tolist() == [2, 3]


def test_stray_words_among_numbers_are_named():
    numbers = [str(i / 7) for i in range(300)]
    with pytest.warns(SchemaWarning, match=r"'a' is left out: its cells are numbers but for 'abc' in row 300"):
        schema_of(pd.DataFrame({"a": [*numbers, "abc"], "x": [i % 7 for i in range(301)]}))
    few = [str(i % 30) for i in range(300)]
    with pytest.warns(SchemaWarning, match=r"'a' is taken for categories.*'abc' in row 300.* and 1 other cell;"):
        schema, _ = schema_of(pd.DataFrame({"a": [*few, "abc", "?"], "x": [i % 7 for i in range(302)]}))
    assert types(schema)["a"] == "category"


def test_names_row_numbers_and_empty_columns_are_left_out_with_one_line_each():
    frame = pd.DataFrame(
        {"id": [f"C{i}" for i in range(60)], "row": range(60), "void": [None] * 60, "x": [i % 9 for i in range(60)]}
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        schema, _ = schema_of(frame)
    assert [column.name for column in schema.used] == ["x"]
    for name in ("id", "row", "void"):
        (line,) = [str(w.message) for w in caught if repr(name) in str(w.message)]
        assert f"columns={{{name!r}: ...}}" in line
        assert "\n" not in line


def test_an_array_has_no_row_numbers_and_a_constant_column_stays():
    rows = np.stack([np.arange(50.0), np.ones(50)], axis=1).astype(int)
    assert types(schema_of(rows)[0]) == {"x0": "number", "x1": "number"}


@pytest.mark.parametrize("name", ["label", "Class", "isFraud", "is_anomaly", "y"])
def test_a_label_left_in_is_kept_with_a_warning(name):
    with pytest.warns(SchemaWarning, match=f"'{name}' looks like a label"):
        schema, _ = schema_of(pd.DataFrame({name: [0, 1] * 20, "x": [i % 7 for i in range(40)]}))
    assert types(schema)[name] == "number"


@pytest.mark.parametrize(
    ("overrides", "error", "words"),
    [
        ({"nowhere": "number"}, OptionError, "no column 'nowhere'"),
        ({"x": "colour"}, OptionError, "must be one of"),
        ({"k": "number"}, DataError, r"'k', row 0 .*'u' is not a number"),
        ({"k": "datetime"}, DataError, r"'k', row 0 .*'u' is not an ISO date"),
        ({"x": "boolean"}, OptionError, "'x': 'boolean'.*5 different values"),
        ({"x": "datetime"}, DataError, "'x'.*are not dates"),
        ({"t": "clock"}, OptionError, "'t'.*one hour and one weekday"),
    ],
)
def test_an_impossible_override_is_named(overrides, error, words):
    with pytest.raises(error, match=words):
        schema_of(pd.DataFrame({"x": range(5), "k": list("uvwuv"), "t": ["2026-01-05"] * 5}), **overrides)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.empty((0, 3)), r"0 sample\(s\)"),
        (np.ones((1, 3)), r"1 sample\(s\).*n_samples=1"),
        (np.ones((9, 1)), r"1 feature\(s\)"),
        (np.ones((9, 2)), "every column is constant"),
        (np.full((9, 2), np.nan), "missing throughout"),
        (np.array([[1, 2], [3, np.inf]]), r"'x1', row 1 .*infinity"),
        (np.array([[1, 2], [1e308, 4]]), r"'x0', row 1 .*1e\+308"),
        (pd.DataFrame({"a": [10**120, 1], "x": [1, 2]}), r"'a', row 0 .*1e\+120"),
    ],
)
def test_what_nothing_can_be_learned_from(X, words):
    with pytest.raises(DataError, match=words):
        schema_of(X)


def test_one_column_in_order_is_an_error_and_no_note_before_it():
    with warnings.catch_warnings():
        warnings.simplefilter("error", SchemaWarning)
        with pytest.raises(DataError, match=r"1 feature\(s\)"):
            schema_of(pd.DataFrame({"a": range(0, 300, 3)}))


def test_a_column_of_lists_is_left_out_and_nothing_is_promised(tmp_path):
    frame = pd.DataFrame({"q": [[1], [2]] * 9, "x": range(0, 36, 2), "k": list("uv") * 9})
    with pytest.warns(SchemaWarning) as told:
        schema_of(frame)
    (text,) = [str(warning.message) for warning in told if "'q'" in str(warning.message)]
    assert text.endswith("'q' is left out: cells of type list<item: int64> are not supported")
    frame.to_parquet(tmp_path / "t.parquet")
    for kind in ("category", "boolean", "number"):
        with pytest.raises(DataError, match=r"^t.parquet, column 'q': cells of type list<.*> (cannot|are not)"):
            schema_of(tmp_path / "t.parquet", q=kind)


def test_scoring_names_missing_columns_and_ignores_others_in_any_order():
    schema, table = schema_of(pd.DataFrame({"a": [1.0, 2, 3], "b": list("uvu"), "c": [3, 1, 2]}))
    with pytest.raises(
        DataError, match=r"Finder was fitted on 3 columns, new has 2; missing: 'b', 'c'.*seen in fit: 'z'"
    ):
        schema.encode(pa.table({"a": [1.0], "z": [1]}), name="new", model="Finder")
    shuffled = table.select(["c", "a", "b"]).append_column("z", pa.array([1, 2, 3]))
    with pytest.warns(SchemaWarning, match="not seen in fit are ignored: 'z'"):
        assert np.array_equal(schema.encode(shuffled), schema.encode(table))


def test_a_wrong_number_of_features_is_told_as_scikit_learn_tells_it():
    schema, _ = schema_of(np.arange(12.0).reshape(3, 4) ** 2)
    with pytest.raises(ValueError, match="X has 3 features, but Finder is expecting 4 features as input"):
        schema.encode(tables.read(np.ones((2, 3))), model="Finder")


def test_a_wrong_cell_is_named_with_file_row_and_column(csv):
    schema, _ = schema_of(csv("amount,x\n" + "".join(f"{i / 3},{i % 5}\n" for i in range(30))))
    new = csv("x,amount\n" + "1,2\n" * 17 + "1,abc\n", "new.csv")
    with pytest.raises(
        DataError, match=r"^new.csv, column 'amount', row 17 \(the first is 0\): 'abc' is not a number$"
    ):
        streamed(schema, new)


@pytest.mark.parametrize("gaps", [0, 7])
def test_rows_are_called_by_their_numbers_in_the_file_whichever_were_selected(csv, gaps):
    """As `detect fit --label` and `detect compare` select them."""
    lines = "".join(f"{'' if i < gaps else i / 7},{i % 7}\n" for i in range(300))
    table = tables.read(csv("a,x\n" + lines + "oops,1\n"))
    chosen = tables.selected(table, np.arange(100, 301)).drop_columns([])
    with pytest.warns(SchemaWarning, match=r"'a' is left out: its cells are numbers but for 'oops' in row 300 "):
        Schema.infer(chosen)
    with pytest.raises(DataError, match=r"t.csv, column 'a', row 300 .*'oops' is not a number"):
        Schema.infer(chosen, {"a": "number"}, name=tables.source_name(chosen))
    again = tables.selected(chosen, np.array([200, 5, 6]))  # of what was selected already
    with pytest.raises(DataError, match="row 300 "):
        Schema.infer(again, {"a": "number"})
    schema, _ = schema_of(pd.DataFrame({"a": [1.0, 2], "x": [0, 1]}))
    for part in tables.stream(again):
        with pytest.raises(DataError, match="row 300 "):
            schema.encode(part)
    with pytest.warns(SchemaWarning, match="'oops' in row 300 "):
        schema_of(table)


FLAG = "ok,x\n" + "True,1\nFalse,2\n" * 5


@pytest.mark.parametrize("true", ["True", "TRUE", "true", "1", "1.0", "yes", "Y", "t"])
@pytest.mark.parametrize("false", ["False", "0", "no", "N", "f"])
@pytest.mark.parametrize("fitted", [FLAG, FLAG.replace("True", "yes").replace("False", "no")])
def test_a_boolean_is_understood_however_it_is_written(csv, fitted, true, false):
    schema, table = schema_of(csv(fitted))
    new = csv(f"ok,x\n{true},1\n{false},2\n,3\nperhaps,4\n", "new.csv")
    assert streamed(schema, new)[:, 0].tolist() == [1, 0, 2, 2]  # 2 is "never seen"
    assert schema.encode(table)[:2, 0].tolist() == [1, 0]


@pytest.mark.parametrize("values", [[True, False], [1, 0], [1.0, 0.0], ["t", "f"]])
def test_a_boolean_is_understood_of_any_type(csv, values):
    schema, _ = schema_of(csv(FLAG))
    assert schema.encode(pa.table({"ok": values, "x": [1, 2]}))[:, 0].tolist() == [1, 0]


def test_values_of_a_boolean_that_may_be_either_are_not_guessed(csv):
    schema, _ = schema_of(csv(FLAG.replace("True", "m").replace("False", "f")), ok="boolean")  # male, female
    assert streamed(schema, csv("ok,x\nm,1\nf,2\nno,1\ntrue,1\n", "new.csv"))[:, 0].tolist() == [1, 0, 2, 2]


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("kind", pa.array([None, 5, 7]), "'kind', row 1 .*of type int64 are numbers, and fit saw words such as 'a'"),
        ("kind", pa.array([None, 0.5, 7]), "'kind', row 1 .*double are numbers"),
        ("kind", pa.array([None, 0, 0], pa.timestamp("s")), "'kind', row 1 .*are dates or times"),
        ("kind", pa.array([None, 0, 0], pa.time32("s")), "'kind', row 1 .*are dates or times"),
        ("kind", pa.array([None, True, False]), "'kind', row 1 .*bool are true and false"),
        ("kind", pa.array([[1], [2], [3]]), "'kind': cells of type list<.*> cannot be read as text"),
        ("ok", pa.array([1, 0, 5]), "'ok', row 2 .*are numbers, and fit saw words such as 'false'"),
        ("ok", pa.array([None, 0, 0], pa.date32()), "'ok', row 1 .*are dates"),
    ],
)  # fmt: skip
def test_a_wrong_type_where_fit_saw_words_is_one_error(column, values, words):
    frame = pd.DataFrame({"kind": list("ab") * 9, "ok": [True, False] * 9, "day": ["2026-01-31", "x"] * 9,
                          "grade": ["1", "2", "many"] * 6})  # fmt: skip
    schema, _ = schema_of(frame)
    new = {"kind": ["a", "b", "c"], "ok": [True, False, None], "grade": [1, 5, 2.0], "day": pa.nulls(3)}
    assert schema.encode(pa.table(new)).shape == (3, 4)  # numbers stay fine where fit saw some, and gaps anywhere
    with pytest.raises(DataError, match=f"^new.parquet, column {words}"):
        schema.encode(pa.table(new | {column: values}), name="new.parquet")


def test_cells_say_what_they_are_in_words():
    frame = pd.DataFrame({"n": [1.0, 2500, None], "k": ["u", None, "v"], "t": ["2024-01-02", "2024-03-04", None]})
    schema, table = schema_of(frame)
    cells = schema.encode(table)
    assert [column.name for column in schema.used] == ["k", "n", "t"]
    assert schema.texts(cells[0]) == ["u", "1", "2024-01-02"]
    assert schema.texts(cells[1]) == ["missing", "2,500", "2024-03-04"]
    assert schema.texts(cells[2]) == ["v", "missing", "missing"]
    new = tables.read(pd.DataFrame({"n": [1.0], "k": ["w"], "t": [None]}))
    assert schema.text(new, 0, 0) == "w (never seen in fit)"


def test_the_order_of_columns_is_nothing_but_that_of_an_array_is():
    frame = pd.DataFrame({"n": [1.0, 2.0, 5.0], "k": ["u", "w", "v"]})
    schema, table = schema_of(frame)
    turned, other = schema_of(frame[["k", "n"]])
    assert turned.cells == schema.cells
    assert np.array_equal(turned.encode(other), schema.encode(table))
    assert [column.name for column in schema.columns] == ["n", "k"]
    before = {key: value for key, value in schema.to_json().items() if key != "by_name"}
    assert np.array_equal(Schema.from_json(before).encode(table), [[1, 0], [2, 2], [5, 1]])  # a model of before
    array = np.array([[1.0, 2.0], [3.0, 5.0]])
    assert np.array_equal(schema_of(array)[0].encode(tables.read(array)), array)


DAMAGES = [
    None, [], {}, {"columns": [], "named": "perhaps"}, {"columns": [{}], "named": True},
    {"columns": [{"name": "x", "type": "number"}], "named": True, "by_name": "yes"},
    *({"columns": [{"name": "x", "type": "number"} | change], "named": True} for change in (
        {"type": "colour"}, {"name": 3}, {"missing": 2}, {"missing": "yes"}, {"whole": 1}, {"categories": ["a"]},
        {"type": "category", "categories": ["a", "a"]}, {"type": "category", "categories": [1]},
        {"type": "category", "categories": "ab"}, {"parts": ["hour"]}, {"type": "datetime", "parts": ["second"]},
        {"surprise": 1}, {"reason": 0}, {"type": "clock"}, {"format": "%n"},
        {"format": "%d.%m.%Y"}, {"type": "datetime", "format": "%H:%M:%S"},
    )),
    {"columns": [{"name": "x", "type": "number"}] * 2, "named": True},
]  # fmt: skip


@pytest.mark.parametrize("data", DAMAGES)
def test_a_damaged_schema_is_refused(data):
    with pytest.raises(ModelError, match="schema of the model is damaged"):
        Schema.from_json(data)


columns = st.one_of(
    *(st.lists(cell | st.none(), min_size=6, max_size=6) for cell in (
        st.floats(-1e99, 1e99, width=64), st.integers(-(10**9), 10**9), st.booleans(), st.text(max_size=3),
        st.datetimes(), st.sampled_from(["1", "2.0", "yes", "NA", "2024-01-01"]),
    )),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(columns, min_size=1, max_size=4), st.randoms())
def test_any_table_gets_finite_cells_or_our_own_error(values, chance):
    frame = pd.DataFrame({f"c{i}": pd.Series(column, dtype=object) for i, column in enumerate(values)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SchemaWarning)
        try:
            schema, table = schema_of(frame)
        except IsthmusError as error:
            refused = str(error)
            schema = None
        if schema is None:
            assert "\n" not in refused
            return
        cells = schema.encode(table)
        assert cells.shape == (6, len(schema.cells))
        assert not np.isinf(cells).any()
        for place, cell in enumerate(schema.cells):
            if cell.kind == "category":
                assert not np.isnan(cells[:, place]).any()
                assert (cells[:, place] <= cell.size).all()
        again = Schema.from_json(json.loads(json.dumps(schema.to_json())))
        assert again == schema
        order = chance.sample(table.column_names, table.num_columns)
        assert np.array_equal(again.encode(table.select(order)), cells, equal_nan=True)
        assert all(len(schema.texts(row)) == len(schema.used) for row in cells)


def test_shared_tables_are_taken_for_what_they_are(shared_data):
    with pytest.warns(SchemaWarning, match="'Class' looks like a label"):
        card, _ = schema_of(shared_data / "tables" / "creditcard.csv.gz")
    assert set(types(card).values()) == {"number"}
    with pytest.warns(SchemaWarning):
        kdd, _ = schema_of(shared_data / "tables" / "kddcup99.csv.gz")
    assert {name for name, kind in types(kdd).items() if kind == "category"} == {
        "protocol_type", "service", "flag", "label",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["2026-01-31 21:05:00 +0100", "2026-02-01 00:00:00 +0100"], "2026-01-31 20:05"),
        (["2026-01-31 21:05:00 UTC", "2026-02-01 00:00:00 UTC"], "2026-01-31 21:05"),
        (["2026/1/31", "2026/12/1"], "2026-01-31"),
        (["31.01.2026", "01.12.2026"], "2026-01-31"),
        (["31.01.26 21:05", "01.12.26 9:00"], "2026-01-31 21:05"),
        (["01/31/2026", "12/01/2026"], "2026-01-31"),
        (["31/01/2026", "01/12/2026"], "2026-01-31"),
        (["01/31/2026 09:05 PM", "12/01/2026 12:00 AM"], "2026-01-31 21:05"),
        (["31-Jan-2026 21:05:07", "01-Dec-2026 00:00:00"], "2026-01-31 21:05"),
        (["Jan 31, 2026", "Dec 1, 2026"], "2026-01-31"),
        (["31 January 2026", "1 May 2026"], "2026-01-31"),
        (["January 31, 2026", "May 1, 2026"], "2026-01-31"),
        (["31-Jan-26", "1-DEC-26"], "2026-01-31"),
        (["Sat, 31 Jan 2026 10:15:00 +0100", "Tue, 1 Dec 2026 00:00:00 +0000"], "2026-01-31 09:15"),
        (["Sat, 31 Jan 2026 10:15:00 GMT", "Tue, 1 Dec 2026 00:00:00 GMT"], "2026-01-31 10:15"),
        (["31 Jan 2026 10:15:00 -0530", "1 Dec 2026 00:00:00 +0000"], "2026-01-31 15:45"),
        (["31/Jan/2026:10:15:00 +0000", "01/Dec/2026:23:59:59 +0200"], "2026-01-31 10:15"),
        (["20260131T1015", "20261201T0000"], "2026-01-31 10:15"),
        (["20260131T101500Z", "20261201T000000Z"], "2026-01-31 10:15"),
        (["31.01.2026 10:15 +01:00", "01.12.2026 0:00 +01:00"], "2026-01-31 09:15"),
        (["2026-01-31 10:15:00,123", "2026-12-01 00:00:00,5"], "2026-01-31 10:15"),
        (["2026-01-31T10:15:00,123+01:00", "2026-12-01T00:00:00,5Z"], "2026-01-31 09:15"),
    ],
)
def test_dates_are_read_as_they_are_written(csv, texts, first):
    path = csv("t;x\n" + "".join(f"{text};{i % 5}\n" for i, text in enumerate(texts * 9)))
    table = tables.read(path, delimiter=";")
    schema = Schema.infer(table)
    assert types(schema)["t"] == "datetime"
    assert schema.texts(schema.encode(table)[0])[0] == first
    again = Schema.from_json(json.loads(json.dumps(schema.to_json())))
    assert np.array_equal(again.encode(next(tables.stream(path, delimiter=";"))), schema.encode(table))
    with pytest.raises(DataError, match=r"'t', row 0.*'yesterday' is not a"):
        again.encode(pa.table({"t": ["yesterday"], "x": [1]}))


@pytest.mark.parametrize(
    ("texts", "first", "seconds"),
    [
        (["10:15", "9:05"], "10:15", 36_900),
        (["10:15:30", "09:05:00"], "10:15:30", 36_930),
        (["10:15:30.5", "23:59:59,25"], "10:15:30.500", 36_930.5),
        (["9:05 PM", "12:00 AM"], "21:05", 75_900),
        (["9:05:07 pm", "12:00:00 am"], "21:05:07", 75_907),
    ],
)
def test_times_of_day_are_seconds_since_midnight(csv, texts, first, seconds):
    path = csv("t;x\n" + "".join(f"{text};{i % 5}\n" for i, text in enumerate(texts * 9)))
    table = tables.read(path, delimiter=";")
    schema = Schema.infer(table)
    assert types(schema)["t"] == "number"
    assert schema.encode(table)[0, 0] == seconds
    assert schema.texts(schema.encode(table)[0])[0] == schema.text(table, 0, 0) == first
    assert schema.texts(np.array([seconds + 0.0001, 0]))[0] == first
    again = Schema.from_json(json.loads(json.dumps(schema.to_json())))
    assert np.array_equal(again.encode(next(tables.stream(path, delimiter=";"))), schema.encode(table))
    for wrong in ("noon", "25:00", "10:61"):
        with pytest.raises(DataError, match=f"'t', row 0.*{wrong!r} is not a time of day"):
            again.encode(pa.table({"t": [wrong], "x": [1]}))


def test_no_time_is_expected_finer_than_fit_saw(csv):
    schema, _ = schema_of(csv("t,x\n10:15,1\n9:05,2\n"))
    assert schema.texts(np.array([36_900.3, 0]))[0] == "10:15"


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_and_durations_of_parquet_are_numbers_of_seconds(tmp_path, csv, unit):
    time = pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
    seconds = pa.array([36_900 + 60 * (i % 5) for i in range(18)], pa.int64())
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    ticks = pa.array([s * scale for s in seconds.to_pylist()], pa.int64())
    table = pa.table({"t": ticks.cast(pa.int32()).cast(time) if unit in ("s", "ms") else ticks.cast(time),
                      "d": ticks.cast(pa.duration(unit)), "x": [i % 7 for i in range(18)]})  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet")
    schema, table = schema_of(tmp_path / "t.parquet")
    assert types(schema) == {"t": "number", "d": "number", "x": "number"}
    assert schema.encode(table)[:, 0].tolist() == schema.encode(table)[:, 1].tolist() == seconds.to_pylist()
    assert schema.texts(schema.encode(table)[0])[:2] == ["36,900", "10:15"]
    new = csv("t,d,x\n10:15,36900,1\n", "new.csv")
    assert streamed(schema, new).tolist() == [[36_900, 36_900, 1]]


@pytest.mark.parametrize("text", ["{}:30", "{}:5", "1:{:02d}:00:00", "{:02d}.30"])
def test_what_only_resembles_a_time_of_day_is_none(csv, text):
    path = csv("t,x\n" + "".join(f"{text.format(i)},{i % 5}\n" for i in range(40)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schema, _ = schema_of(path)
    assert schema.columns[0].format == ""


def test_a_date_that_may_be_two_is_told(csv):
    path = csv("t,x\n" + "".join(f"0{i % 9 + 1}/0{i % 7 + 1}/2026,{i}\n" for i in range(9)))
    with pytest.warns(SchemaWarning, match="may be MM/DD/YYYY or DD/MM/YYYY, and are taken for MM/DD/YYYY"):
        schema, _ = schema_of(path)
    assert schema.columns[0].format == "%m/%d/%Y"


def log(hours, **more):
    moments = pd.Timestamp("2026-01-05") + pd.to_timedelta(hours, unit="h")
    return pd.DataFrame({"t": moments, "x": [h % 7 for h in range(len(hours))]} | more)


def test_of_a_log_in_its_order_only_the_clock_is_read():
    hours = list(range(0, 500, 5))
    with pytest.warns(SchemaWarning, match=r"'t': the rows are in its order.*hour and the weekday.*t=datetime"):
        schema, table = schema_of(log(hours))
    assert schema.columns[0].type == "clock"
    later = tables.read(log([h + 7 * 24 * 52 for h in hours]))  # weeks later: the same hours and weekdays
    assert np.array_equal(schema.encode(later), schema.encode(table))
    assert schema.encode(table)[:2].tolist() == [[0, 0, 0], [5, 0, 1]]
    assert schema.texts(schema.encode(table)[1])[0] == "Monday, 5:00"
    assert schema.text(table, 1, 0) == "2026-01-05 05:00 (Monday)"
    assert types(schema_of(log(hours), t="datetime")[0])["t"] == "datetime"
    assert types(schema_of(log(hours[1:] + hours[:1]))[0])["t"] == "datetime"  # in no order
    assert types(schema_of(log(hours[1:] + hours[:1]), t="clock")[0])["t"] == "clock"
    with pytest.warns(SchemaWarning, match=r"\(--column 'at night'=datetime\)"):
        schema_of(log(hours).rename(columns={"t": "at night"}))
    with pytest.warns(SchemaWarning, match="'t' is left out: the rows are in its order"):
        schema_of(log([h * 168 for h in range(40)]))  # one hour of one weekday: nothing is left of it


def test_a_number_that_may_count_time_is_told():
    seconds = np.arange(60) ** 2 // 3
    frame = pd.DataFrame({"seconds": seconds, "x": np.arange(60) % 7})
    with pytest.warns(SchemaWarning, match="'seconds': the rows are in its order; if it counts time.*drop seconds"):
        schema, _ = schema_of(frame)
    with pytest.warns(SchemaWarning, match=r"\(--drop 'of day'\)"):  # as a shell takes it
        schema_of(frame.rename(columns={"seconds": "of day"}))
    assert types(schema)["seconds"] == "number"
    with warnings.catch_warnings():
        warnings.simplefilter("error", SchemaWarning)
        schema_of(frame, seconds="number")
        schema_of(frame.assign(seconds=seconds[::-1] % 50))


def test_a_gap_in_a_time_is_no_hour_and_not_strange_where_fit_saw_gaps():
    hours = list(range(0, 500, 5))
    for kind in ("clock", "datetime"):
        schema, table = schema_of(log(hours).assign(t=lambda f: f["t"].where(f["x"] > 0)), t=kind)
        cells = schema.encode(table)
        for place, cell in enumerate(schema.cells):
            if cell.kind == "category":
                assert (cells[:, place] < cell.size).all()  # `size` itself is what fit never saw
        assert schema.texts(cells[0])[0] == "missing"
        clean, _ = schema_of(log(hours), t=kind)
        place, hour = next((i, c) for i, c in enumerate(clean.cells) if c.part == "hour")
        assert clean.encode(table)[0, place] == hour.size


@pytest.mark.parametrize("name", ["id", "ID", "customer_id", "userId", "order id", "UUID"])
def test_numbers_that_are_ids_by_their_name_are_left_out(name):
    chance = np.random.default_rng(0)
    frame = pd.DataFrame({name: chance.permutation(10_000)[:50], "x": np.arange(50) % 7})
    with pytest.warns(SchemaWarning, match="left out: its name and its numbers, all different, say that it is an id"):
        schema, _ = schema_of(frame)
    assert types(schema) == {name: "ignored", "x": "number"}
    assert types(schema_of(frame, **{name: "number"})[0])[name] == "number"
    assert types(schema_of(frame.assign(**{name: np.arange(50) % 9}))[0])[name] == "number"  # a few kinds, not ids
    assert types(schema_of(frame.set_axis(["humid", "x"], axis=1))[0])["humid"] == "number"


@pytest.mark.parametrize("name", ["", " ", "Unnamed: 0"])
def test_an_index_that_a_frame_left_behind_is_left_out(name):
    frame = pd.DataFrame({name: np.arange(120)[np.arange(120) % 3 > 0], "x": np.arange(80) % 7})  # of rows picked out
    with pytest.warns(SchemaWarning, match=r"it has no name, .* an index; .*\(--column (''|' '|'Unnamed: 0')=\.\.\.\)"):
        schema, _ = schema_of(frame)
    assert types(schema) == {name: "ignored", "x": "number"}
    assert types(schema_of(frame, **{name: "number"})[0])[name] == "number"
    assert types(schema_of(frame.assign(**{name: np.arange(80) / 3}))[0])[name] == "number"  # a measure without a name


@pytest.mark.parametrize(
    "text", ["${:,.2f}", "{:,.2f} €", "{:.1f}%", "{:.1f} kg", "({:.2f})", "EUR {:.2f}", "-{:,.3f}", "+{:.1f} %"]
)
def test_numbers_written_another_way_are_told(text):
    cells = [text.format(1000 + 17.3 * i) for i in range(60)]
    with pytest.warns(SchemaWarning, match=r"'a' is left out: its cells are numbers written another way.* in row 0"):
        schema_of(pd.DataFrame({"a": cells, "x": np.arange(60) % 7}))
    commas = [cell.replace(",", " ").replace(".", ",") for cell in cells]
    with pytest.warns(SchemaWarning, match="numbers written another way"):
        schema_of(pd.DataFrame({"a": commas, "x": np.arange(60) % 7}))


@pytest.mark.parametrize(
    "text", ["10.0.0.{}", "+49 30 4{:06d}", "v1.{}.2", "{}/10", "a{}", "{:032x}", "{}:30", "u{}@x.org"]
)
def test_names_with_digits_are_names(text):
    with pytest.warns(SchemaWarning, match="names or free text"):
        schema_of(pd.DataFrame({"a": [text.format(i) for i in range(150)], "x": np.arange(150) % 7}))


def test_texts_are_shown_short_and_plain():
    words = ["a\x1b[31m\nb", "x" * 900, "c"]
    schema, table = schema_of(pd.DataFrame({"k": words * 9, "x": np.arange(27) % 5}))
    shown = [schema.texts(row)[0] for row in schema.encode(table)[:3]]
    assert shown == ["a\ufffd[31m b", "x" * 80 + "…", "c"]
    assert [schema.text(table, row, 0) for row in range(3)] == shown
    with pytest.warns(SchemaWarning, match="texts of up to 1,001 characters are free text"):
        schema_of(pd.DataFrame({"k": ["x" * 1001, "y"] * 9, "x": np.arange(18) % 5}))


def test_a_category_of_times_beyond_the_calendar_is_shown():
    far = pa.array([0, 10**15], pa.int64()).cast(pa.timestamp("s"))
    schema, table = schema_of(pa.table({"t": pa.chunked_array([far]), "x": [1, 2]}), t="datetime")
    assert schema.text(table, 1, 0) == "9999-12-31 23:59"


def test_nested_values_behind_a_dictionary_are_left_out():
    lists = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), pa.array([[1], [2]]))
    with pytest.warns(SchemaWarning, match="'t' is left out: cells of type dictionary.*not supported"):
        schema_of(pa.table({"t": lists, "a": [1, 2, 4], "b": [1, 2, 2]}))
    with pytest.raises(DataError, match=r"'t'.*not supported"):
        schema_of(pa.table({"t": lists, "a": [1, 2, 4]}), t="number")
