"""The commands on folders of pictures, from one end to the other, as a person would type them."""

import csv
import json

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from isthmus.cli import run

DIGITS = np.round(load_digits().images * (255 / 16)).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("digits")
    for number, picture in enumerate(DIGITS[:150]):
        Image.fromarray(picture).save(where / f"{number:03}.png")
    return where


def size(path):
    with Image.open(path) as picture:
        return picture.size


def test_embed(folder, tmp_path, capsys):
    assert run(["embed", "fit", str(folder), "--dimensions", "3", "--steps", "20", "--out", str(tmp_path / "m")]) == 0
    assert run(["embed", "transform", str(tmp_path / "m"), str(folder), "--out", str(tmp_path / "codes.csv")]) == 0
    rows = list(csv.reader((tmp_path / "codes.csv").open()))
    assert rows[0] == ["code_0", "code_1", "code_2"]
    assert len(rows) == 151
    assert (
        run(["embed", "map", str(tmp_path / "m"), str(folder), "--method", "pca", "--out", str(tmp_path / "a.png")])
        == 0
    )
    assert min(size(tmp_path / "a.png")) > 300


def test_cluster(folder, tmp_path, capsys):
    model = str(tmp_path / "m")
    assert run(["cluster", "fit", str(folder), "--classes", "4", "--steps", "20", "--out", model, "--json"]) == 0
    assert sum(json.loads(capsys.readouterr().out)["sizes"]) == 150
    out, grid = tmp_path / "classes.csv", tmp_path / "grid.png"
    assert run(["cluster", "predict", model, str(folder), "--out", str(out), "--grid", str(grid)]) == 0
    rows = list(csv.DictReader(out.open()))
    assert rows[7]["sample"].endswith("007.png")
    assert {int(row["class"]) for row in rows} <= set(range(4))
    assert size(grid)[0] > size(grid)[1]


def test_generate(folder, tmp_path):
    model, out = str(tmp_path / "m"), tmp_path / "a.png"
    assert run(["generate", "fit", str(folder), "--dimensions", "3", "--steps", "20", "--out", model]) == 0
    assert run(["generate", "sample", model, "-n", "9", "--out", str(out)]) == 0
    first = out.read_bytes()
    assert run(["generate", "sample", model, "-n", "9", "--out", str(out)]) == 0
    assert out.read_bytes() == first
    pair = [str(folder / "000.png"), str(folder / "001.png")]
    assert run(["generate", "interpolate", model, *pair, "-n", "5", "--out", str(out)]) == 0


def test_denoise(folder, tmp_path):
    model = str(tmp_path / "m")
    assert run(["denoise", "fit", str(folder), "--level", "0.2", "--steps", "20", "--out", model]) == 0
    assert run(["denoise", "restore", model, str(folder), "--out", str(tmp_path / "clean")]) == 0
    assert len(list((tmp_path / "clean").glob("*.png"))) == 150
    assert size(tmp_path / "clean" / "003.png") == (8, 8)


def test_detect(folder, tmp_path, capsys):
    model, maps = str(tmp_path / "m"), tmp_path / "maps.png"
    assert run(["detect", "fit", str(folder), "--steps", "200", "--out", model]) == 0
    assert "Learned 150 pictures" in capsys.readouterr().out
    out = tmp_path / "scores.csv"
    assert run(["detect", "score", model, str(folder), "--out", str(out), "--maps", str(maps), "--rows", "4"]) == 0
    rows = list(csv.DictReader(out.open()))
    assert len(rows) == 150
    assert all(0 < float(row["p_value"]) <= 1 for row in rows)
    assert size(maps)[1] > size(maps)[0]
    page = tmp_path / "report.html"
    assert run(["detect", "report", model, str(folder), "--out", str(page)]) == 0
    assert "of 150 pictures flagged" in capsys.readouterr().out
    text = page.read_text()
    assert text.count('class="strip" src="data:image/png;base64,') == 30
    assert "150 pictures, judged by" in text
    assert " rows" not in text
    assert run(["detect", "report", model, str(folder), "--label", "kind", "--out", str(page)]) == 2
    assert "--label is for tables" in capsys.readouterr().err


def test_what_is_wrong_is_told_in_one_line(folder, tmp_path, capsys):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.png").write_bytes(b"")
    for command, told in (
        (["embed", "fit", str(tmp_path / "broken"), "--out", str(tmp_path / "m")], "a.png is empty"),
        (["cluster", "fit", str(tmp_path), "--out", str(tmp_path / "m")], "a.png is empty"),
        (["generate", "fit", str(tmp_path / "none"), "--out", str(tmp_path / "m")], "does not exist"),
        (["denoise", "fit", str(folder), "--level", "25", "--out", str(tmp_path / "m")], "level must lie"),
    ):
        assert run(command) == 2
        line = capsys.readouterr().err.strip()
        assert told in line
        assert "\n" not in line
    assert not (tmp_path / "m").exists()
    assert run(["embed", "fit", str(folder), "--steps", "5", "--out", str(tmp_path / "e")]) == 0
    assert run(["cluster", "predict", str(tmp_path / "e"), str(folder), "--out", str(tmp_path / "c.csv")]) == 2
    assert "holds a Embedder" in capsys.readouterr().err


def test_a_model_of_another_kind_is_told(folder, tmp_path, capsys):
    assert run(["generate", "fit", str(folder), "--steps", "5", "--out", str(tmp_path / "g")]) == 0
    (tmp_path / "a.csv").write_text("x,y\n1,2\n2,3\n")
    for command in ("score", "explain"):
        assert run(["detect", command, str(tmp_path / "g"), str(tmp_path / "a.csv")]) == 2
        assert "holds a Generator" in capsys.readouterr().err
    assert run(["detect", "fit", str(folder), "--steps", "5", "--out", str(tmp_path / "d")]) == 0
    assert run(["detect", "explain", str(tmp_path / "d"), str(folder)]) == 2
    assert "learned from pictures" in capsys.readouterr().err
    assert run(["detect", "score", str(tmp_path / "d"), str(tmp_path / "a.csv")]) == 2
    assert "not a PNG" in capsys.readouterr().err
    assert run(["info", str(tmp_path / "d")]) == 0


def test_names_with_quotes_and_commas_stay_one_cell(tmp_path):
    (tmp_path / "in").mkdir()
    names = ['a "b", c.png', "d,e.png", *(f"{number}.png" for number in range(6))]
    for name, picture in zip(names, DIGITS, strict=False):
        Image.fromarray(picture).save(tmp_path / "in" / name)
    assert run(["detect", "fit", str(tmp_path / "in"), "--steps", "5", "--out", str(tmp_path / "m")]) == 0
    assert run(["detect", "score", str(tmp_path / "m"), str(tmp_path / "in"), "--out", str(tmp_path / "s.csv")]) == 0
    rows = list(csv.DictReader((tmp_path / "s.csv").open()))
    assert sorted(row["picture"].rsplit("/")[-1] for row in rows) == sorted(names)


def test_options_that_do_not_fit_the_data_are_refused_before_anything_is_written(folder, tmp_path, capsys):
    (tmp_path / "a.csv").write_text("x,y\n" + "".join(f"{i % 7},{i}\n" for i in range(40)))
    model, out = str(tmp_path / "m"), tmp_path / "o.csv"
    assert run(["cluster", "fit", str(tmp_path / "a.csv"), "--classes", "2", "--steps", "5", "--out", model]) == 0
    command = ["cluster", "predict", model, str(tmp_path / "a.csv"), "--out", str(out)]
    assert run([*command, "--grid", str(tmp_path / "g.png")]) == 2
    assert not out.exists()
    assert run(command) == 0
    assert run(["detect", "fit", str(folder), "--label", "kind", "--out", str(tmp_path / "d")]) == 2
    assert "--label is for tables" in capsys.readouterr().err
