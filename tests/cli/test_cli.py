"""The command line as a person meets it: exit codes, one clear line, nothing half-written."""

import errno
import gzip
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import isthmus
from isthmus import cli
from isthmus.errors import OutputError


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = cli.run([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return code, output.out, output.err

    return call


@pytest.fixture(scope="module")
def home(tmp_path_factory, cells):
    folder = tmp_path_factory.mktemp("home")
    cells.benign.to_csv(folder / "normal.csv", index=False)
    cells.unseen.to_csv(folder / "new.csv", index=False)
    assert cli.run(["detect", "fit", str(folder / "normal.csv"), "--out", str(folder / "model")]) == 0
    return folder


@pytest.fixture
def model(home, tmp_path):
    return shutil.copytree(home / "model", tmp_path / "model")


def one_line(code, out, err, *words):
    lines = [line for line in err.splitlines() if "note:" not in line]
    assert code == 2, err
    assert len(lines) == 1, err
    for word in words:
        assert word.lower() in lines[0].lower(), lines[0]


def bad_tables(folder: Path) -> dict[str, tuple[Path, tuple[str, ...]]]:
    def text(name, content):
        (folder / name).write_text(content)
        return folder / name

    rows = "".join(f"{i},{i * i % 7},{i % 3}\n" for i in range(30))
    pd.DataFrame({"a": range(50), "b": range(50)}).to_parquet(folder / "cut.parquet")
    whole = (folder / "cut.parquet").read_bytes()
    (folder / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (folder / "junk.csv").write_bytes(bytes(range(256)) * 50)
    packed = gzip.compress(("a,b,c\n" + rows * 400).encode())
    (folder / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    (folder / "plain.csv.gz").write_text("a,b\n1,2\n")
    (folder / "latin.csv").write_bytes("näme,b,c\n1,2,3\n2,3,4\n".encode("latin-1"))
    return {
        "empty": (text("empty.csv", ""), ("empty.csv", "empty")),
        "header only": (text("header.csv", "a,b,c\n"), ("header.csv", "no rows")),
        "one row": (text("one.csv", "a,b,c\n1,2,3\n"), ("one.csv", "1 sample")),
        "one column": (text("column.csv", "a\n1\n2\n3\n"), ("1 feature",)),
        "constant": (text("constant.csv", "a,b\n" + "1,2\n" * 9), ("constant",)),
        "missing": (text("missing.csv", "a,b\n" + ",\n" * 9), ("missing",)),
        "NaN only": (text("nan.csv", "a,b\n" + "NaN,NaN\n" * 9), ("missing",)),
        "infinity": (text("inf.csv", "a,b,c\n" + rows + "5,inf,2\n"), ("inf.csv", "infinity", "'b'", "row 30")),
        "1e308": (text("huge.csv", "a,b,c\n" + rows + "5,1e308,2\n"), ("1e+308", "'b'", "row 30")),
        "twice": (text("twice.csv", "a,b,a\n" + rows), ("several columns named 'a'",)),
        "ragged": (text("ragged.csv", "a,b,c\n" + rows + "1,2\n"), ("ragged.csv", "row 30", "2 columns")),
        "delimiter": (text("semicolons.csv", "a;b;c\n" + rows.replace(",", ";")), ("semicolons", "';'")),
        "junk": (folder / "junk.csv", ("junk.csv", "binary")),
        "latin": (folder / "latin.csv", ("latin.csv", "utf-8")),
        "cut parquet": (folder / "cut.parquet", ("cut.parquet", "damaged")),
        "cut gzip": (folder / "cut.csv.gz", ("cut.csv.gz",)),
        "no gzip": (folder / "plain.csv.gz", ("plain.csv.gz",)),
        "nowhere": (folder / "nowhere.csv", ("nowhere.csv", "does not exist")),
        "folder": (folder, ("folder",)),
        "suffix": (text("table.docx", "a"), (".csv",)),
    }


NAMES = [
    "empty", "header only", "one row", "one column", "constant", "missing", "NaN only", "infinity", "1e308", "twice",
    "ragged", "delimiter", "junk", "latin", "cut parquet", "cut gzip", "no gzip", "nowhere", "folder", "suffix",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_table_gets_one_line_and_leaves_the_old_model(name, run, tmp_path, model):
    path, words = bad_tables(tmp_path)[name]
    before = {file.name: file.read_bytes() for file in model.iterdir()}
    one_line(*run("detect", "fit", path, "--out", model), *words)
    assert {file.name: file.read_bytes() for file in model.iterdir()} == before
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".model")]


@pytest.mark.parametrize("name", ["empty", "header only", "ragged", "junk", "cut parquet", "cut gzip", "nowhere"])
def test_a_bad_table_is_not_scored_and_leaves_the_old_scores(name, run, tmp_path, model):
    path, words = bad_tables(tmp_path)[name]
    (tmp_path / "scores.csv").write_text("old")
    one_line(*run("detect", "score", model, path, "--out", tmp_path / "scores.csv"), words[0])
    assert (tmp_path / "scores.csv").read_text() == "old"


def test_a_label_left_in_is_a_note_and_no_error(run, tmp_path, home):
    code, _, err = run("detect", "fit", home / "new.csv", "--out", tmp_path / "m")
    assert code == 0
    assert "'malignant' looks like a label" in err


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)


def newer(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"format": 99}))


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        *((lambda m, n=n: (m / n).unlink(), n) for n in ("model.safetensors", "config.json", "README.md")),
        *((lambda m, at=at: flip(m / "model.safetensors", at), "damaged") for at in (3, 40, 5000, -1)),
        *((lambda m, at=at: flip(m / "config.json", at), "damaged") for at in (5, 60, 400, -9)),
        (lambda m: (m / "model.safetensors").write_bytes(b""), "damaged"),
        (lambda m: (m / "config.json").write_text("[]"), "damaged"),
        (newer, "upgrade"),
        (shutil.rmtree, "does not exist"),
    ],
)  # fmt: skip
def test_a_damaged_model_is_told(damage, word, run, model, home, tmp_path):
    damage(model)
    one_line(*run("detect", "score", model, home / "new.csv", "--out", tmp_path / "s.csv"), word)
    assert not (tmp_path / "s.csv").exists()


def test_a_full_disk_leaves_what_was_there(run, model, home, tmp_path, monkeypatch):
    before = {file.name: file.read_bytes() for file in model.iterdir()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    one_line(*run("detect", "fit", home / "normal.csv", "--out", model), "disk is full", "nothing was changed")
    assert {file.name: file.read_bytes() for file in model.iterdir()} == before
    (tmp_path / "scores.csv").write_text("old")
    one_line(*run("detect", "score", model, home / "new.csv", "--out", tmp_path / "scores.csv"), "disk is full")
    assert (tmp_path / "scores.csv").read_text() == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model", "scores.csv"]


@pytest.fixture
def a_small_disk():
    """No file may grow beyond 16 KB: what a really full disk is to whoever writes one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_does_not_fit_on_the_disk_leaves_what_was_there(run, model, home, tmp_path, a_small_disk):
    before = {file.name: file.read_bytes() for file in model.iterdir()}
    for name in ("scores.csv", "scores.csv.gz", "scores.parquet", "report.html"):
        (tmp_path / name).write_text("old")
        verb = "report" if name == "report.html" else "score"
        one_line(*run("detect", verb, model, home / "new.csv", "--out", tmp_path / name), name, "nothing was changed")
        assert (tmp_path / name).read_text() == "old"
    fit = ["detect", "fit", home / "normal.csv", "--steps", "5"]
    one_line(*run(*fit, "--out", model), "model", "larger than", "nothing was changed")
    one_line(*run(*fit, "--out", tmp_path / "new", "--checkpoint", tmp_path / "run"), "run", "nothing was changed")
    assert {file.name: file.read_bytes() for file in model.iterdir()} == before
    names = ["model", "report.html", "scores.csv", "scores.csv.gz", "scores.parquet"]
    assert sorted(file.name for file in tmp_path.iterdir()) == names


def test_a_place_for_the_demonstration_or_a_log_is_checked_first(run, home, tmp_path):
    (tmp_path / "file").write_text("mine")
    one_line(*run("demo", "--out", tmp_path / "file"), "file", "exists")
    one_line(*run("demo", "--out", tmp_path / "file" / "demo"), "not a folder")
    (tmp_path / "demo" / "model").mkdir(parents=True)
    (tmp_path / "demo" / "model" / "mine").write_text("mine")
    one_line(*run("demo", "--out", tmp_path / "demo"), "no model")
    fit = ["detect", "fit", home / "normal.csv", "--out", tmp_path / "m", "--steps", "5"]
    one_line(*run(*fit, "--log-dir", tmp_path / "file"), "file", "exists")
    (tmp_path / "folder.html").mkdir()
    one_line(*run("detect", "report", tmp_path / "m", home / "new.csv", "--out", tmp_path / "folder.html"), "folder")
    assert (tmp_path / "file").read_text() == "mine"


def test_what_to_install_for_a_log_is_told(run, home, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    fit = ["detect", "fit", home / "normal.csv", "--out", tmp_path / "m", "--log-dir", tmp_path / "logs"]
    one_line(*run(*fit), "TensorBoard", "pip install 'isthmus[logging]'")
    assert not list(tmp_path.iterdir())


def test_a_model_written_through_a_link_replaces_what_the_link_points_to(run, model, home, tmp_path):
    (tmp_path / "link").symlink_to(model)
    code, _, _ = run("detect", "fit", home / "normal.csv", "--out", tmp_path / "link", "--steps", "5")
    assert code == 0
    assert (tmp_path / "link").is_symlink()
    assert json.loads((model / "config.json").read_text())["config"]["options"]["steps"] == 5
    assert sorted(file.name for file in tmp_path.iterdir()) == ["link", "model"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--seed", "-1"], ("random_state", "-1")),
        (["--delimiter", "é"], ("delimiter", "'é'")),
        (["--delimiter", '"'], ("delimiter",)),
        (["--normal", "x"], ("--normal", "--label")),
        (["--drop", "mean area", "--column", "mean area=number"], ("contradict",)),
    ],
)  # fmt: skip
def test_an_option_that_makes_no_sense_is_one_line(options, words, run, home, tmp_path):
    one_line(*run("detect", "fit", home / "new.csv", "--out", tmp_path / "m", *options), *words)
    assert not (tmp_path / "m").exists()


def test_a_label_that_calls_all_odd_or_is_read_by_the_model_is_told(run, model, home, tmp_path, cells):
    cells.unseen.assign(malignant=1).to_csv(tmp_path / "odd.csv", index=False)
    one_line(*run("detect", "fit", tmp_path / "odd.csv", "--out", tmp_path / "m", "--label", "malignant"), "every row")
    report = ["detect", "report", model, home / "new.csv", "--out", tmp_path / "r.html"]
    one_line(*run(*report, "--label", "mean area"), "'mean area'", "learned from")
    one_line(*run("detect", "explain", model, home / "new.csv", "--rows", "²"), "'²'", "row number")


def test_errors_name_rows_as_the_file_counts_them(run, model, home, tmp_path, cells):
    rows = cells.unseen.astype(object)
    normal = int(np.flatnonzero(cells.unseen["malignant"] == 0)[30])
    rows.iloc[normal, 2] = "about 90"
    rows.to_csv(tmp_path / "t.csv", index=False)
    where = ("t.csv", "'mean perimeter'", f"row {normal} ", "'about 90'")
    fit = ["detect", "fit", tmp_path / "t.csv", "--out", tmp_path / "m", "--steps", "5"]
    code, _, err = run(*fit, "--label", "malignant")
    assert code == 0  # a stray word leaves the column out, with a note
    assert all(word in err for word in where[1:])
    one_line(*run(*fit, "--label", "malignant", "--column", "mean perimeter=number"), *where)
    for label in ([], ["--label", "malignant"]):
        _, _, err = run("detect", "compare", tmp_path / "t.csv", *label, "--seed", "1")
        assert all(word in err for word in where[1:])
    one_line(*run("detect", "explain", model, tmp_path / "t.csv", "--rows", f"3,{normal}"), *where)
    one_line(*run("detect", "score", model, tmp_path / "t.csv"), *where)


def test_a_label_of_its_own_words_says_what_was_taken_for_normal(run, home, tmp_path, cells):
    words = cells.unseen.assign(malignant=cells.unseen["malignant"].map({0: "ok", 1: "ill"}))
    words.to_csv(tmp_path / "words.csv", index=False)
    fit = ["detect", "fit", tmp_path / "words.csv", "--out", tmp_path / "m", "--label", "malignant", "--steps", "5"]
    code, _, err = run(*fit)
    assert code == 0
    assert "'ill', its commonest value, is taken for normal" in err
    assert "commonest" not in run(*fit, "--normal", "ok")[2]


def test_rows_too_few_to_flag_any_are_said_so(run, home, tmp_path, cells):
    cells.benign[:40].to_csv(tmp_path / "few.csv", index=False)
    fit = ["detect", "fit", tmp_path / "few.csv", "--out", tmp_path / "m", "--steps", "5"]
    code, out, err = run(*fit)
    assert code == 0
    assert "none will ever be flagged" in out
    assert "7 to calibrate on" in err
    assert "--false-alarm-rate) 0.125 or more" in err
    assert json.loads(run(*fit, "--json")[1])["nats"] is None
    assert "none will ever be flagged" in run("info", tmp_path / "m")[1]
    code, out, err = run(*fit, "--false-alarm-rate", "0.125")
    assert "will be flagged" in out
    assert err == ""


def test_a_table_of_semicolons_keeps_them(run, model, home, tmp_path, cells):
    cells.unseen.to_csv(tmp_path / "new.csv", index=False, sep=";")
    score = ["detect", "score", model, tmp_path / "new.csv", "--out", tmp_path / "scores.csv"]
    one_line(*run(*score), "semicolons")
    assert run(*score, "--delimiter", ";")[0] == 0
    assert len(pd.read_csv(tmp_path / "scores.csv", sep=";").columns) == len(cells.unseen.columns) + 4
    cells.unseen.to_csv(tmp_path / "new.csv", index=False, sep="\t")
    assert run(*score, "--delimiter", "\\t")[0] == 0


def test_a_place_that_cannot_be_written_to_is_told(run, model, home, tmp_path, monkeypatch):
    one_line(*run("detect", "fit", home / "normal.csv", "--out", tmp_path / "no" / "m"), "does not exist")
    (tmp_path / "file").write_text("mine")
    one_line(*run("detect", "fit", home / "normal.csv", "--out", tmp_path / "file"), "file of that name")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    one_line(*run("detect", "fit", home / "normal.csv", "--out", tmp_path / "mine"), "no model")
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"
    one_line(*run("detect", "score", model, home / "new.csv", "--out", tmp_path / "s.xlsx"), "must end in")

    def read_only(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.mkstemp", read_only)
    one_line(*run("detect", "report", model, home / "new.csv", "--out", tmp_path / "r.html"), "read-only")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"config.json": '{"name": "a stranger\'s"}', "thesis.txt": "dear"}, "no model"),
        ({"config.json": "[]"}, "no model"),
        ({"config.json": "{", "README.md": "mine"}, "no model"),
        ({"config.json": "ours", "notes.txt": "mine"}, "'notes.txt' lies beside the model"),
        ({"config.json": "ours", "README.md/deep.txt": "mine"}, "'README.md' lies beside"),
    ],
)
def test_a_model_never_replaces_what_is_not_a_model_and_says_so_before_any_work(files, words, run, home, tmp_path):
    ours = (home / "model" / "config.json").read_text()
    for name, text in files.items():
        (tmp_path / "m" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "m" / name).write_text(ours if text == "ours" else text)
    before = {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")}
    for task in ("detect", "embed", "voice"):
        one_line(*run(task, "fit", tmp_path / "not even there", "--out", tmp_path / "m"), words, "nothing was changed")
    with pytest.raises(OutputError, match=words):
        isthmus.load(home / "model").save(tmp_path / "m")
    assert {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--checkpoint", "model/run"], ("model/run", "it lies in the model")),
        (["--log-dir", "model/logs"], ("model/logs", "it lies in the model")),
        (["--log-dir", "new/logs", "--out", "new"], ("new/logs", "it lies in the model")),
        (["--checkpoint", "none/run"], ("none", "does not exist")),
        (["--checkpoint", "folder"], ("folder of that name",)),
        (["--checkpoint", "t.csv"], ("t.csv", "it is what is to be read")),
        (["--checkpoint", "run", "--log-dir", "run"], ("--log-dir and --checkpoint are both",)),
        (["--log-dir", "new", "--out", "new"], ("--out and --log-dir are both",)),
    ],
)
def test_a_checkpoint_or_a_log_in_the_wrong_place_is_refused_before_training(
    options, words, run, model, home, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("isthmus.tasks.anomaly.AnomalyDetector.fit", lambda *_: pytest.fail("it began"))
    shutil.copy(home / "normal.csv", "t.csv")
    Path("folder").mkdir()
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    one_line(*run("detect", "fit", "t.csv", "--out", "model", *options), *words)
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_a_damaged_or_newer_model_is_replaced_as_a_model(run, model, home):
    flip(model / "model.safetensors", 40)
    newer(model)
    assert run("detect", "fit", home / "normal.csv", "--out", model, "--steps", "5")[0] == 0
    assert run("info", model)[0] == 0


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("new.csv", ".html"),
        ("report.pdf", ".html"),
        ("new.htm", "it is what is to be read"),
        ("link.html", "it is what is to be read"),
        ("model/report.html", "lies in the model"),
        ("model/deeper/report.html", "does not exist"),
    ],
)
def test_a_report_never_replaces_its_input_nor_lies_in_the_model(out, words, run, model, cells, tmp_path):
    cells.unseen[:9].to_csv(tmp_path / "new.csv", index=False)
    (tmp_path / "new.htm").write_bytes((tmp_path / "new.csv").read_bytes())
    (tmp_path / "link.html").symlink_to("new.htm")
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    one_line(*run("detect", "report", model, tmp_path / "new.htm", "--out", tmp_path / out), words, "nothing was")
    one_line(*run("detect", "score", model, tmp_path / "new.csv", "--out", model / "s.csv"), "lies in the model")
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_what_may_not_be_looked_into_is_one_line(tmp_path, home):
    """In a process of its own, which has no more rights than any user."""
    locked = tmp_path / "locked"
    locked.mkdir()
    calls = [
        ["detect", "fit", f"{locked}/t.csv", "--out", f"{tmp_path}/m"],
        ["detect", "fit", f"{locked}/pictures", "--out", f"{tmp_path}/m"],
        ["detect", "fit", f"{home}/normal.csv", "--out", f"{locked}/m"],
        ["detect", "score", f"{locked}/m", f"{home}/new.csv"],
        ["detect", "score", f"{home}/model", f"{home}/new.csv", "--out", f"{locked}/s.csv"],
        ["detect", "report", f"{home}/model", f"{home}/new.csv", "--out", f"{locked}/r.html"],
        ["info", f"{locked}/m"],
        ["demo", "--out", f"{locked}/demo"],
    ]
    code = f"from isthmus import cli\nfor call in {calls!r}: print(cli.run(call))"
    plain = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    locked.chmod(0o600)
    done = subprocess.run([*plain, sys.executable, "-c", code], capture_output=True, text=True, check=True)
    locked.chmod(0o700)
    assert done.stdout.split() == ["2"] * len(calls), done.stderr
    assert len(done.stderr.splitlines()) == len(calls)
    assert all("locked" in line and "permission denied" in line for line in done.stderr.lower().splitlines())


def test_scores_keep_rows_order_and_columns(run, model, home, tmp_path, cells):
    for name in ("scores.csv", "scores.parquet"):
        code, out, _ = run("detect", "score", model, home / "new.csv", "--out", tmp_path / name, "--json")
        assert code == 0
        assert json.loads(out)["rows"] == len(cells.unseen)
    scored = pd.read_csv(tmp_path / "scores.csv")
    assert list(scored.columns) == [*cells.unseen.columns, "score", "p_value", "flag", "reasons"]
    np.testing.assert_allclose(scored[cells.unseen.columns], cells.unseen)
    assert scored["flag"].sum() == json.loads(out)["flagged"]
    assert scored.loc[scored["flag"], "reasons"].str.contains("expected").all()
    before = (home / "new.csv").read_text().splitlines()
    after = (tmp_path / "scores.csv").read_text().splitlines()
    assert all(line.startswith(old) for line, old in zip(after[1:], before[1:], strict=True))  # the text is untouched
    assert pq.read_table(tmp_path / "scores.parquet")["flag"].to_pylist() == scored["flag"].tolist()


def test_explaining_says_what_was_seen_and_expected(run, model, home):
    code, out, _ = run("detect", "explain", model, home / "new.csv", "--rows", "3,17", "--top", "2", "--json")
    found = json.loads(out)
    assert code == 0
    assert [entry["row"] for entry in found] == [3, 3, 17, 17]
    assert set(found[0]) == {"row", "column", "share", "seen", "expected"}
    code, out, _ = run("detect", "explain", model, home / "new.csv")
    assert code == 0
    assert "expected" in out
    one_line(*run("detect", "explain", model, home / "new.csv", "--rows", "100000"), "row 100000")
    one_line(*run("detect", "explain", model, home / "new.csv", "--rows", "x"), "'x'")


def test_a_comparison_says_who_learned_from_fewer_rows(run, home, monkeypatch):
    monkeypatch.setattr("isthmus.tasks.comparison.MOST_ROWS", 50)
    monkeypatch.setattr("isthmus.tasks.comparison.SVM_ROWS", 20)
    compare = ["detect", "compare", home / "normal.csv"]
    for shown in (run(*compare)[1], " ".join(json.loads(run(*compare, "--json")[1])["notes"])):
        assert "Of the 89 rows to learn from, 50 were taken, for all detectors." in shown
        assert "The one-class SVM learned from 20 of them." in shown


def test_one_row_and_one_column_are_no_plural(run, home, tmp_path, cells):
    cells.benign[["mean area", "mean texture"]].assign(id=[f"n{i}" for i in range(178)]).to_csv(tmp_path / "t.csv")
    fit = ["detect", "fit", tmp_path / "t.csv", "--out", tmp_path / "m", "--steps", "5", "--drop", "mean area"]
    assert "Learned 178 rows of 1 column;" in run(*fit)[1]
    cells.benign[["mean texture"]][:1].to_csv(tmp_path / "new.csv", index=False)
    assert "of 1 row flagged" in run("detect", "score", tmp_path / "m", tmp_path / "new.csv")[1]
    one_line(*run("detect", "explain", tmp_path / "m", tmp_path / "new.csv", "--rows", "5"), "the table has 1 row,")


def test_a_column_without_a_name_can_be_named(run, tmp_path, cells):
    cells.benign[["mean area", "mean texture"]].iloc[::2].to_csv(tmp_path / "t.csv")  # with the index of the frame
    fit = ["detect", "fit", tmp_path / "t.csv", "--out", tmp_path / "m", "--steps", "5"]
    code, out, notes = run(*fit)
    assert code == 0
    assert "89 rows of 2 columns" in out
    assert "an index; columns={'': ...} (--column ''=...) says otherwise" in notes
    assert "89 rows of 3 columns" in run(*fit, "--column", "=number")[1]
    assert "an index" not in run(*fit, "--drop", "")[2]


def test_the_oddest_rows_are_printed_where_no_file_is_asked_for(run, model, home):
    code, out, _ = run("detect", "score", model, home / "new.csv", "--rows", "4", "--json")
    oddest = json.loads(out)["oddest"]
    assert code == 0
    assert [odd["score"] for odd in oddest] == sorted(odd["score"] for odd in oddest)
    assert len(oddest) == 4


def test_a_column_beside_the_data_is_told_of_once(run, model, home):
    code, _, err = run("detect", "score", model, home / "new.csv")
    assert code == 0
    assert err.splitlines() == ["isthmus: note: new.csv: columns not seen in fit are ignored: 'malignant'"]


def test_info_reads_the_card_and_json(run, model):
    code, out, _ = run("info", model)
    assert code == 0
    assert "Anomaly detector" in out
    assert json.loads(run("info", model, "--json")[1])["task"] == "AnomalyDetector"


def test_fit_leaves_rows_and_columns_out_as_asked(run, home, tmp_path):
    code, out, _ = run(
        "detect", "fit", home / "new.csv", "--out", tmp_path / "m", "--label", "malignant", "--drop", "mean area",
        "--column", "mean texture=ignored", "--json",
    )  # fmt: skip
    about = json.loads(out)
    assert code == 0
    assert about["rows"] == 179  # the benign ones
    assert not {"malignant", "mean area", "mean texture"} & set(about["columns"])
    one_line(*run("detect", "fit", home / "new.csv", "--out", tmp_path / "m", "--column", "x"), "NAME=TYPE")


@pytest.mark.parametrize(
    "arguments",
    [[], ["detect"], ["demo"], ["info"], *(["detect", c] for c in ("fit", "score", "explain", "compare", "report"))],
)
def test_every_command_helps_with_an_example(arguments, run):
    code, out, _ = run(*arguments, "--help")
    assert code == 0
    assert "isthmus" in out


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["detect", "fit"], ["detect", "fit", "a.csv", "--out"], ["info", "--x"]]
)
def test_wrong_usage_is_one_line_and_2(arguments, run):
    one_line(*run(*arguments))


def test_our_own_fault_is_1_and_says_so(run, model, home, monkeypatch):
    monkeypatch.setattr("isthmus.tasks.review.explain_rows", lambda *_, **__: 1 / 0)
    code, _, err = run("detect", "explain", model, home / "new.csv")
    assert code == 1
    assert "our fault" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["detect"], []])
def test_a_bare_command_shows_its_help_and_no_more(arguments, run):
    code, out, err = run(*arguments)
    assert code == 2
    assert "Usage: isthmus" in out
    assert err == ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "command",
    [
        "info {0}/model --json",
        "detect explain {0}/model {0}/new.csv --rows 1",
        "detect explain {0}/model {0}/new.csv --top 30",  # more than a buffer holds
        "--help",
    ],
)
def test_a_full_disk_behind_standard_output_is_one_line(command, unbuffered, home):
    command = f"{sys.executable} -m isthmus.cli {command.format(home)} > /dev/full"
    some = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, env=some)
    one_line(done.returncode, "", done.stderr, "cannot write to standard output", "no space left")


def test_a_standard_output_that_is_closed_takes_nothing_and_is_no_error(home):
    command = f"{sys.executable} -m isthmus.cli info {home}/model >&-"
    assert subprocess.run(command, shell=True, capture_output=True, check=False).returncode == 0


def test_a_disk_that_is_full_elsewhere_is_not_taken_for_standard_output(run, model, home, tmp_path, monkeypatch):
    def full(*named):
        raise OSError(errno.ENOSPC, "No space left on device", *named)

    monkeypatch.setattr("isthmus.tasks.anomaly.learn_normal", lambda *_, **__: full())
    monkeypatch.setattr("isthmus.tasks.review.explain_rows", lambda *_, **__: full())
    words = "disk is full", "nothing was changed"
    one_line(*run("detect", "fit", home / "normal.csv", "--out", model), f"cannot write {model}:", *words)
    explain = ["detect", "explain", model, home / "new.csv"]
    one_line(*run(*explain), f"cannot write {tempfile.gettempdir()}:", *words)
    monkeypatch.setattr("isthmus.tasks.review.explain_rows", lambda *_, **__: full("/elsewhere/cache"))
    one_line(*run(*explain), "cannot write /elsewhere/cache:", *words)


def ended(prepare: str, *arguments) -> subprocess.CompletedProcess:
    """The command line in a process of its own, in which something was prepared."""
    heard = "signal.signal(signal.SIGHUP, signal.SIG_DFL)"  # under nohup it is ignored, by all that is started there
    told = [str(argument) for argument in arguments]
    call = f"import os, signal, time\n{heard}\n{prepare}\nfrom isthmus.cli import main\nmain({told!r})"
    return subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("verb", "number"), [("score", signal.SIGTERM), ("fit", signal.SIGHUP), ("score", signal.SIGINT)]
)
def test_a_command_that_is_ended_leaves_what_was_there_and_nothing_else(verb, number, model, home, tmp_path):
    out = {"score": tmp_path / "s.csv", "fit": model, "report": tmp_path / "r.html"}[verb]
    if verb != "fit":
        out.write_text("old")
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    rows = [home / "normal.csv", "--steps", "5"] if verb == "fit" else [model, home / "new.csv"]
    kill = f"os.fsync = lambda _: signal.raise_signal({int(number)}) or time.sleep(60)"
    done = ended(kill, "detect", verb, *rows, "--out", out)
    assert done.returncode == (130 if number == signal.SIGINT else -number)
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_training_that_is_ended_says_how_it_goes_on(number, run, home, tmp_path):
    kill = f"""from isthmus.training.loop import _Run
step = _Run._step
def stepped(run, batch):
    step(run, batch)
    run.state.step == 7 and signal.raise_signal({int(number)})
_Run._step = stepped"""
    fit = ["detect", "fit", home / "normal.csv", "--steps", "40", "--checkpoint", tmp_path / "run"]
    done = ended(kill, *fit, "--out", tmp_path / "m")
    assert done.returncode == (130 if number == signal.SIGINT else -number)
    assert done.stderr == f"isthmus: stopped at step 7; {tmp_path / 'run'} goes on from there\n"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert run(*fit, "--out", tmp_path / "m")[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_reader_that_leaves_early_is_no_error(home):
    command = f"{sys.executable} -m isthmus.cli detect explain {home}/model {home}/new.csv --rows 1,2,3 | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr


def test_the_demo_writes_what_it_promises(run, tmp_path):
    code, out, _ = run("demo", "--out", tmp_path / "demo")
    assert code == 0
    assert "Isthmus" in out
    assert "isolation forest" in out
    assert {file.name for file in (tmp_path / "demo").iterdir()} == {"model", "scores.csv", "report.html"}
