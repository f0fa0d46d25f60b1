"""The commands on folders of pictures, from one end to the other, as a person would type them."""

import csv
import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from isthmus.autoencoder import AutoEncoder
from isthmus.cli import run
from isthmus.tasks import maps

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
    assert rows[0] == ["picture", "code_0", "code_1", "code_2"]
    assert rows[8][0].endswith("007.png")
    assert len(rows) == 151
    assert (
        run(["embed", "map", str(tmp_path / "m"), str(folder), "--method", "pca", "--out", str(tmp_path / "a.png")])
        == 0
    )
    assert min(size(tmp_path / "a.png")) > 300
    assert capsys.readouterr().err == ""


def test_a_map_says_nothing_foreign(folder, tmp_path, capfd):
    assert run(["embed", "fit", str(folder), "--steps", "5", "--out", str(tmp_path / "m")]) == 0
    (tmp_path / "few").mkdir()
    for number in range(9):
        Image.fromarray(DIGITS[number]).save(tmp_path / "few" / f"{number}.png")
    command = ["embed", "map", str(tmp_path / "m"), str(tmp_path / "few"), "--out", str(tmp_path / "a.png")]
    for method in ("pca", "tsne", "umap"):
        assert run([*command, "--method", method]) == 0
    assert capfd.readouterr().err == ""


def test_what_is_read_is_not_written_over(folder, tmp_path, capsys):
    model, codes, me, rows = (tmp_path / name for name in ("m", "codes", "me.png", "rows.csv"))
    Image.fromarray(DIGITS[0]).save(me)
    rows.write_text("a,b\n" + "".join(f"{i},{i * i % 7}\n" for i in range(40)))
    before = me.read_bytes(), rows.read_bytes()
    assert run(["generate", "fit", str(folder), "--steps", "5", "--out", str(model)]) == 0
    assert run(["embed", "fit", str(rows), "--steps", "5", "--out", str(codes)]) == 0
    for command in (
        ["generate", "traverse", str(model), str(me), "--out", str(me)],
        ["generate", "interpolate", str(model), str(me), str(me), "--out", str(me)],
        ["embed", "transform", str(codes), str(rows), "--out", str(rows)],
    ):
        capsys.readouterr()
        assert run(command) == 2
        assert "it is what is to be read" in capsys.readouterr().err
    assert (me.read_bytes(), rows.read_bytes()) == before


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
    assert size(maps)[1] > 4 * 80  # four rows, each tall enough for a label that can be read
    assert size(maps)[0] > 3 * 70
    assert size(maps)[1] > size(maps)[0] - 150  # taller than wide, but for the labels
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
    assert "holds an Embedder" in capsys.readouterr().err


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


@pytest.fixture(scope="module")
def cleaner(folder, tmp_path_factory):
    """A model folder of a denoiser of grey pictures."""
    model = tmp_path_factory.mktemp("cleaner") / "m"
    assert run(["denoise", "fit", str(folder), "--steps", "5", "--width", "4", "--out", str(model)]) == 0
    return str(model)


@pytest.fixture(scope="module")
def classes(folder, tmp_path_factory):
    """A model folder of more classes than some of the folders below have pictures."""
    model = tmp_path_factory.mktemp("classes") / "m"
    assert run(["cluster", "fit", str(folder), "--classes", "10", "--steps", "5", "--out", str(model)]) == 0
    return str(model)


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_restored_pictures_of_one_stem_have_two_names(cleaner, tmp_path):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.png", "a.jpg", "a.webp", "b.jpg", "sub/a.png"):
        Image.fromarray(DIGITS[0]).save(tmp_path / "in" / name)
    assert run(["denoise", "restore", cleaner, str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    assert set(files_of(tmp_path / "out")) == {"a.png", "a.jpg.png", "a.webp.png", "b.png", "sub/a.png"}


def test_restoring_never_overwrites_what_it_has_not_written(cleaner, tmp_path, capsys):
    noisy, mixed = tmp_path / "in", tmp_path / "mixed"
    for where in (noisy, mixed):
        where.mkdir()
        Image.fromarray(DIGITS[0]).save(where / "a.png")
    before = files_of(tmp_path)
    for data, out in ((noisy, noisy), (noisy, mixed), (noisy / "a.png", noisy), (noisy, tmp_path)):
        assert run(["denoise", "restore", cleaner, str(data), "--out", str(out)]) == 2
        assert "cannot write" in capsys.readouterr().err
    assert files_of(tmp_path) == before
    out = tmp_path / "out"
    for data in (noisy, noisy, mixed / "a.png"):  # over its own, and beside them
        assert run(["denoise", "restore", cleaner, str(data), "--out", str(out)]) == 0
    Image.fromarray(DIGITS[1]).save(noisy / "b.png")
    assert run(["denoise", "restore", cleaner, str(noisy / "b.png"), "--out", str(out)]) == 0
    assert "1 restored picture is in" in capsys.readouterr().out
    assert set(files_of(out)) == {"a.png", "b.png"}


def test_a_page_is_not_written_among_restored_pictures(cleaner, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    Image.fromarray(DIGITS[0]).save(tmp_path / "in" / "a.png")
    (tmp_path / "out" / "deeper").mkdir(parents=True)
    restore = ["denoise", "restore", cleaner, str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    for page in ("page.html", "deeper/page.html"):
        assert run([*restore, "--report", str(tmp_path / "out" / page)]) == 2
        line = capsys.readouterr().err
        assert f"cannot write {tmp_path}/out/{page}: the folder {tmp_path}/out is for restored pictures alone" in line
        assert not files_of(tmp_path / "out")
    for _ in range(2):
        assert run([*restore, "--report", str(tmp_path / "page.html")]) == 0


def test_a_damaged_picture_leaves_nothing_half_written(cleaner, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    Image.fromarray(DIGITS[0]).save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").write_bytes((tmp_path / "in" / "a.png").read_bytes()[:60])
    assert run(["denoise", "restore", cleaner, str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 2
    assert "b.png" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_restoring_says_what_it_converted_and_keeps_grey_and_colour(cleaner, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    colour = DIGITS[:3].transpose(1, 2, 0).copy()
    Image.fromarray(DIGITS[0]).save(tmp_path / "in" / "grey.png")
    Image.fromarray(colour).save(tmp_path / "in" / "colour.png")
    Image.fromarray(colour).convert("RGBA").save(tmp_path / "in" / "glass.png")
    assert run(["denoise", "restore", cleaner, str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    assert "glass.png: transparency, converted to 8 bits of RGB" in capsys.readouterr().err
    modes = {path.stem: Image.open(path).mode for path in (tmp_path / "out").iterdir()}
    assert modes == {"grey": "L", "colour": "RGB", "glass": "RGB"}


def test_an_npz_is_restored_to_numbered_pictures_and_a_table_is_refused(cleaner, tmp_path, capsys):
    np.savez(tmp_path / "a.npz", pictures=DIGITS[:3])
    assert run(["denoise", "restore", cleaner, str(tmp_path / "a.npz"), "--out", str(tmp_path / "out")]) == 0
    assert set(files_of(tmp_path / "out")) == {"00000.png", "00001.png", "00002.png"}
    (tmp_path / "a.csv").write_text("x\n1\n")
    assert run(["denoise", "restore", cleaner, str(tmp_path / "a.csv"), "--out", str(tmp_path / "out")]) == 2
    assert "a.csv is not a PNG, JPEG or WebP picture, and pictures are needed" in capsys.readouterr().err


def test_every_output_is_checked_before_any_is_written(folder, cleaner, classes, tmp_path, capsys):
    table = tmp_path / "a.csv"
    predict = ["cluster", "predict", classes, str(folder)]
    for command, told in (
        ([*predict, "--out", str(table), "--grid", str(tmp_path / "none" / "g.png")], "does not exist"),
        ([*predict, "--out", str(table), "--grid", "/proc/g.png"], "cannot write /proc/g.png"),
        ([*predict, "--out", str(table), "--grid", str(tmp_path / "g.txt")], "must end in .png"),
        ([*predict, "--out", str(tmp_path / "g.png"), "--grid", str(tmp_path / "g.png")], "must end in .csv"),
        (["detect", "score", classes, str(folder), "--out", str(table), "--maps", "/none/g.png"], "does not exist"),
        (["embed", "map", classes, str(folder), "--out", str(tmp_path / "x.jpg")], "must end in .png"),
        (["generate", "sample", classes, "--out", str(tmp_path / "x.jpg")], "must end in .png"),
        (["denoise", "restore", cleaner, str(folder), "--out", "/proc/foo"], "cannot write /proc/foo"),
    ):
        assert run(command) == 2
        assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_two_outputs_are_not_one_file_under_two_names(folder, classes, tmp_path, capsys):
    (tmp_path / "g.png").symlink_to(tmp_path / "a.csv")
    command = ["cluster", "predict", classes, str(folder), "--out", str(tmp_path / "a.csv")]
    assert run([*command, "--grid", str(tmp_path / "g.png")]) == 2
    assert "--out and --grid are both" in capsys.readouterr().err


def test_a_size_beyond_all_memory_is_refused(folder, tmp_path, capsys):
    assert run(["embed", "fit", str(folder), "--size", "100000", "--out", str(tmp_path / "m")]) == 2
    assert "size must be at most" in capsys.readouterr().err


def test_the_grid_shows_members_alone(folder, classes, tmp_path, monkeypatch):
    from isthmus.reports import pictures

    seen = []
    monkeypatch.setattr(
        pictures, "sheet", lambda rows, labels, **_: seen.append((rows, labels)) or Image.new("L", (9, 9))
    )
    out = tmp_path / "a.csv"
    assert run(["cluster", "predict", classes, str(folder), "--out", str(out), "--grid", str(tmp_path / "g.png")]) == 0
    ((rows, labels),) = seen
    found = [int(row["class"]) for row in csv.DictReader(out.open())]
    sizes = [found.count(kind) for kind in range(10)]
    assert labels == [f"class {kind}: {size} picture{'s' * (size != 1)}" for kind, size in enumerate(sizes)]
    assert [len(row) for row in rows] == [min(found.count(kind), 12) for kind in range(10)]
    for kind, row in enumerate(rows):
        members = DIGITS[:150][np.array(found) == kind]
        assert all((members == picture).all((1, 2)).any() for picture in row)


def test_rows_of_a_table_are_called_by_their_numbers(tmp_path):
    table, out = tmp_path / "a.csv", tmp_path / "out.csv"
    table.write_text("x,y\n" + "".join(f"{i % 7},{i}\n" for i in range(40)))
    for fit, verb in ((["cluster", "--classes", "2"], "predict"), (["generate"], "likelihood")):
        model = str(tmp_path / fit[0])
        assert run([fit[0], "fit", str(table), *fit[1:], "--steps", "5", "--out", model]) == 0
        assert run([fit[0], verb, model, str(table), "--out", str(out)]) == 0
        assert [row["sample"] for row in csv.DictReader(out.open())] == [str(row) for row in range(40)]


def test_contradicting_or_senseless_options_are_told_in_our_own_words(folder, tmp_path, capsys):
    for options, told in (
        (["--size", "x"], "'--size': it must be a whole number"),
        (["--steps", "0"], "'--steps': it must be at least 1"),
    ):
        assert run(["embed", "fit", str(folder), "--steps", "5", "--out", str(tmp_path / "m"), *options]) == 2
        assert told in capsys.readouterr().err
    assert run(["denoise", "fit", str(folder), "--noise", "fog", "--out", str(tmp_path / "m")]) == 2
    line = capsys.readouterr().err
    assert "'fog' is not one of" in line
    assert "Value error" not in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [["embed"], ["cluster"], ["generate"], ["denoise"], ["detect"]])
def test_pictures_are_asked_for_in_grey_or_in_colour_and_not_both(command, folder, tmp_path, capsys):
    fit = [*command, "fit", "--steps", "1", "--out", str(tmp_path / "m")]
    assert run([*fit, "--grey", str(folder / "not there"), "--colour"]) == 2
    assert "--grey and --colour contradict each other" in capsys.readouterr().err
    assert run([*fit, "--grey", "--", "--colour"]) == 2  # a file of that name
    assert "--colour does not exist" in capsys.readouterr().err
    for option, channels in (("--grey", 1), ("--colour", 3)):
        assert run([*fit, option, str(folder)]) == 0
        config = json.loads((tmp_path / "m" / "config.json").read_text())["config"]
        assert (config.get("input") or config["judge"])["frame"]["channels"] == channels


def test_a_card_says_in_words_what_pictures_were_brought_to(folder, tmp_path, capsys):
    for task in ("embed", "detect"):
        assert run([task, "fit", str(folder), "--steps", "2", "--out", str(tmp_path / task)]) == 0
        capsys.readouterr()
        assert run(["info", str(tmp_path / task)]) == 0
        assert "brought to 8 × 8 pixels, grey, cropped to fit" in capsys.readouterr().out
    scored = ["detect", "score", str(tmp_path / "detect"), str(folder)]
    assert run([*scored, "--delimiter", ";"]) == 2
    assert "--delimiter is for tables" in capsys.readouterr().err


@pytest.fixture(scope="module")
def models(folder, cleaner, classes, tmp_path_factory):
    """Model folders of every command that takes pictures."""
    where = tmp_path_factory.mktemp("models")
    for task in ("embed", "generate", "detect"):
        assert run([task, "fit", str(folder), "--steps", "5", "--out", str(where / task)]) == 0
    return {task: str(where / task) for task in ("embed", "generate", "detect")} | {
        "denoise": cleaner,
        "cluster": classes,
    }


@pytest.fixture
def spoiled(tmp_path):
    """A folder of twelve pictures and two files that are none."""
    (tmp_path / "in").mkdir()
    for number in range(12):
        Image.fromarray(DIGITS[number]).save(tmp_path / "in" / f"{number:02}.png")
    for name in ("03.png", "x.jpg"):
        (tmp_path / "in" / name).write_bytes(b"no picture")
    return tmp_path / "in"


COMMANDS = {
    "embed fit": ["--steps", "2"], "cluster fit": ["--classes", "2", "--steps", "2"], "generate fit": ["--steps", "2"],
    "denoise fit": ["--steps", "2", "--width", "4"], "detect fit": ["--steps", "2"], "embed transform": [],
    "embed map": ["--method", "pca"], "cluster predict": [], "generate likelihood": ["--draws", "2"],
    "denoise restore": [], "detect score": [], "detect report": [],
}  # fmt: skip
ENDINGS = {"map": ".png", "fit": "", "restore": "", "report": ".html"}


@pytest.mark.parametrize("command", COMMANDS)
def test_bad_files_are_left_out_where_that_is_asked_for(command, spoiled, models, tmp_path, capsys):
    task, verb = command.split()
    out = tmp_path / ("out" + ENDINGS.get(verb, ".csv"))
    typed = [task, verb, *([] if verb == "fit" else [models[task]]), str(spoiled), *COMMANDS[command]]
    assert run([*typed, "--out", str(out)]) == 2
    assert "03.png is not a PNG" in capsys.readouterr().err
    assert not out.exists()
    assert run([*typed, "--skip", "--out", str(out)]) == 0
    told = capsys.readouterr().err
    assert told.count("left out") == 1
    assert "2 of 13 files left out: " in told
    assert "03.png is not a PNG" in told
    assert "x.jpg is not a PNG" in told
    if verb in ("transform", "predict", "score", "likelihood"):
        names = [row[0].rsplit("/")[-1] for row in csv.reader(out.open())][1:]
        assert names == [f"{number:02}.png" for number in range(12) if number != 3]
    if verb == "restore":
        assert "03.png" not in files_of(out)
        assert len(files_of(out)) == 11


@pytest.mark.parametrize("command", [["embed"], ["cluster", "--classes", "2"], ["generate"], ["detect"]])
def test_how_pictures_are_brought_to_a_size_can_be_said(command, folder, tmp_path, capsys):
    task, *options = command
    sizes = ["--size", "9", "--fit", "pad"]
    assert run([task, "fit", str(folder), *options, *sizes, "--steps", "2", "--out", str(tmp_path / "m")]) == 0
    assert run(["info", str(tmp_path / "m")]) == 0
    assert "9 × 9 pixels, grey, padded to fit" in capsys.readouterr().out
    (tmp_path / "a.csv").write_text("x,y\n" + "".join(f"{i % 7},{i}\n" for i in range(40)))
    for option in (["--skip"], ["--fit", "pad"], ["--size", "9"], ["--grey"], ["--colour"]):
        assert run([task, "fit", str(tmp_path / "a.csv"), *options, *option, "--out", str(tmp_path / "t")]) == 2
        assert f"{option[0]} is for pictures" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "option"),
    [("embed map", "--out"), ("cluster predict", "--grid"), ("detect score", "--maps"), ("denoise restore", "--out")],
)
def test_nothing_is_written_among_the_pictures_that_are_read(command, option, spoiled, models, tmp_path, capsys):
    task, verb = command.split()
    table = ["--out", str(tmp_path / "a.csv")] if option == "--grid" else []
    for out in (spoiled / "deeper.png", spoiled / "deeper" / "a.png"):
        (spoiled / "deeper").mkdir(exist_ok=True)
        assert run([task, verb, models[task], str(spoiled), *table, option, str(out)]) == 2
        assert "it lies among the pictures to read" in capsys.readouterr().err
    assert not (tmp_path / "a.csv").exists()
    assert not list((spoiled / "deeper").iterdir())


@pytest.mark.parametrize(
    ("command", "option", "name"),
    [
        ("embed transform", "--out", "a.csv"), ("embed map", "--report", "a.html"),
        ("cluster predict", "--grid", "a.png"),
        ("generate sample", "--out", "a.png"), ("generate traverse", "--out", "a.png"),
        ("generate likelihood", "--out", "a.csv"),
    ],
)  # fmt: skip
def test_nothing_is_written_into_a_model(command, option, name, folder, models, tmp_path, capsys):
    task, verb = command.split()
    data = [] if verb in ("sample", "traverse") else [str(folder)]
    other = ["--out", str(tmp_path / ("a.csv" if task == "cluster" else "a.png"))] if option != "--out" else []
    assert run([task, verb, models[task], *data, *other, option, str(Path(models[task]) / name)]) == 2
    assert "it lies in the model" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "column"),
    [("embed transform", "picture"), ("cluster predict", "sample"), ("detect score", "picture")],
)
def test_names_that_are_no_text_are_written_all_the_same(command, column, models, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    for number in range(3):
        name = os.fsdecode(b"caf\xe9%d.png" % number)
        Image.fromarray(DIGITS[number]).save(tmp_path / "in" / name, format="PNG")
    task, verb = command.split()
    assert run([task, verb, models[task], str(tmp_path / "in"), "--out", str(tmp_path / "a.csv")]) == 0
    rows = list(csv.DictReader((tmp_path / "a.csv").open()))
    assert [row[column].rsplit("/")[-1] for row in rows] == [f"caf\\udce9{number}.png" for number in range(3)]
    if task == "detect":
        assert run(["detect", "report", models[task], str(tmp_path / "in"), "--out", str(tmp_path / "a.html")]) == 0
        assert "caf\\udce90.png" in (tmp_path / "a.html").read_text()
        assert run(["detect", "score", models[task], str(tmp_path / "in"), "--json"]) == 0
        assert "caf\\udce90.png" in capsys.readouterr().out


def test_maps_of_the_data_and_all_six_beside_each_other(models, folder, tmp_path, capsys, monkeypatch):
    command = ["embed", "map", models["embed"], str(folder)]
    drawn = {}
    for of in ("codes", "data"):
        assert run([*command, "--method", "pca", "--of", of, "--out", str(tmp_path / "a.png")]) == 0
        drawn[of] = (tmp_path / "a.png").read_bytes()
    assert drawn["codes"] != drawn["data"]
    one, drawn_by, encoded = size(tmp_path / "a.png"), [], []
    real, embed = maps.flat, AutoEncoder.embed
    monkeypatch.setattr(AutoEncoder, "embed", lambda model, batch: encoded.append(len(batch)) or embed(model, batch))

    def by_pca(points, method, *, seed):
        drawn_by.append((points.shape[1], method))
        return real(points, "pca", seed=seed)

    monkeypatch.setattr("isthmus.tasks.embedding.flat", by_pca)
    assert run([*command, "--beside", "--out", str(tmp_path / "b.png")]) == 0
    assert [round(many / single) for many, single in zip(size(tmp_path / "b.png"), one, strict=True)] == [3, 2]
    assert drawn_by == [(width, method) for width in (64, 32) for method in ("pca", "tsne", "umap")]
    assert sum(encoded) == 150  # each picture once
    assert run([*command, "--beside", "--method", "pca", "--out", str(tmp_path / "c.png")]) == 2
    assert "--beside draws every map" in capsys.readouterr().err


@pytest.mark.parametrize(("module", "library"), [("umap", "umap-learn"), ("openTSNE", "openTSNE")])
def test_what_to_install_for_a_map_is_told_before_any_work(
    module, library, models, folder, tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(AutoEncoder, "embed", lambda *_: pytest.fail("it began"))
    command = ["embed", "map", models["embed"], str(folder), "--out", str(tmp_path / "a.png")]
    for option in (["--beside"], ["--method", module.lower().removeprefix("open")]):
        assert run([*command, *option]) == 2
        line = capsys.readouterr().err
        assert line.startswith("isthmus: maps by ")
        assert f"need {library}" in line
        assert "pip install 'isthmus[maps]'" in line
    assert not list(tmp_path.iterdir())


def test_what_each_number_changes_and_how_likely_a_picture_is(folder, tmp_path, capsys):
    model, out = str(tmp_path / "m"), tmp_path / "a.csv"
    options = ["--dimensions", "3", "--steps", "60", "--beta", "0.5", "--free-nats", "1", "--draws", "2"]
    assert run(["generate", "fit", str(folder), *options, "--out", model]) == 0
    config = json.loads((tmp_path / "m" / "config.json").read_text())["config"]["options"]
    assert (config["beta"], config["free_nats"], config["draws"]) == (0.5, 1.0, 2)
    for start in ([], [str(folder / "003.png")]):
        assert run(["generate", "traverse", model, *start, "-n", "5", "--out", str(tmp_path / "a.png")]) == 0
        assert "of 3 in the code change" in capsys.readouterr().out
        assert size(tmp_path / "a.png")[0] > 5 * 70
    assert run(["generate", "likelihood", model, str(folder), "--draws", "5", "--out", str(out)]) == 0
    nats = [float(row["log_likelihood"]) for row in csv.DictReader(out.open())]
    assert f"150 samples, {np.mean(nats):.4g} nats each on average" in capsys.readouterr().out


REPORTS = {
    "embed map": (["--method", "pca"], 2, ["into 32 numbers", "comes back of each through 32 numbers"]),
    "cluster predict": ([], 1, ["A row a class", "150 pictures into one of 10 classes"]),
    "generate sample": (["-n", "4", "--seed", "3"], 1, ["drawn by chance", "32 numbers"]),
    "denoise restore": ([], 10, ["150 pictures; the first 10 are here", "009.png"]),
}


@pytest.mark.parametrize("command", REPORTS)
def test_a_page_stands_alone_and_says_what_its_pictures_show(command, folder, models, tmp_path):
    task, verb = command.split()
    options, pictures, told = REPORTS[command]
    out = tmp_path / ("out" + {"predict": ".csv", "restore": ""}.get(verb, ".png"))
    data = [] if task == "generate" else [str(folder)]
    page = tmp_path / "page.html"
    assert run([task, verb, models[task], *data, *options, "--out", str(out), "--report", str(page)]) == 0
    text = page.read_text()
    assert not re.findall(r"(?:src|href)=\"(?!data:)", text)
    assert text.count("<img") == text.count("<figcaption>") >= pictures
    assert all(words in text for words in told)
    assert out.exists()


def test_photos_of_any_size_are_shown_before_and_after(cleaner, tmp_path):
    (tmp_path / "in").mkdir()
    for name, shape in (("<b>.png", (9, 30)), ("large.png", (300, 500, 3))):
        Image.fromarray(np.full(shape, 99, np.uint8)).save(tmp_path / "in" / name)
    page = tmp_path / "page.html"
    command = ["denoise", "restore", cleaner, str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--report"]
    assert run([*command, str(page)]) == 0
    assert "&lt;b&gt;.png<" in page.read_text()
    assert "large.png, its middle<" in page.read_text()


def test_the_error_of_all_errors_can_be_imported():
    import isthmus
    from isthmus.errors import DataError

    assert issubclass(DataError, isthmus.IsthmusError)
    assert "IsthmusError" in dir(isthmus)
