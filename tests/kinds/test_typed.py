"""Types of a CSV's columns: read off its cells where nothing else tells them, and only there."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from isthmus.kinds import tables
from isthmus.kinds.schema import Schema
from isthmus.kinds.typed import typing_of

TEXT = "when,kind,at\n" + "".join(
    f"2026-01-{day:02},{'uvw'[day % 3]},{day % 24}:{day + 20}\n" for day in (5, 3, 9, 12, 7, 4)
)


@pytest.fixture
def looked_at(monkeypatch):
    """The columns that were asked for, each time a table was read."""
    asked, stream = [], tables.stream
    monkeypatch.setattr(tables, "stream", lambda *X, **more: asked.append(more["columns"]) or stream(*X, **more))
    return asked


def test_dates_times_and_categories_get_their_types_without_another_look_at_the_file(tmp_path, looked_at):
    (tmp_path / "t.csv").write_text(TEXT)
    table = tables.read(tmp_path / "t.csv")
    typed = typing_of(Schema.infer(table), tmp_path / "t.csv")(table)
    assert looked_at == []
    assert typed["when"][0].as_py() == dt.datetime(2026, 1, 5)
    assert typed["at"][0].as_py() == dt.time(5, 25)
    assert typed["kind"].type == pa.string()


def test_of_a_file_with_numbers_they_alone_are_looked_at(tmp_path, looked_at):
    (tmp_path / "t.csv").write_text("n,when,ok\n1,2026-01-05,yes\n2.5,2026-01-03,no\n")
    (part,) = tables.stream(tmp_path / "t.csv", columns=None)
    typed = typing_of(Schema.infer(part), tmp_path / "t.csv")(part)
    assert looked_at == [None, ["n", "ok"]]
    assert typed.drop_columns(["when"]).to_pylist() == [{"n": 1.0, "ok": True}, {"n": 2.5, "ok": False}]


def test_columns_told_by_their_place_get_types_too(tmp_path):
    schema = Schema.infer(tables.read(np.array([[1.0, 2], [3, 4], [7, 5]])), named=False)
    (tmp_path / "t.csv").write_text("a,b\n1,2.5\n3,4\n")
    (part,) = tables.stream(tmp_path / "t.csv")
    assert typing_of(schema, tmp_path / "t.csv")(part).to_pylist() == [{"a": 1, "b": 2.5}, {"a": 3, "b": 4.0}]
