"""A model folder that somebody forged: with checksums that are right, and what no Isthmus wrote."""

import hashlib
import json
import os
import shutil
import time

import pytest
import torch
from safetensors.torch import load_file, save_file

import isthmus
from isthmus.errors import ModelError
from isthmus.store import read, read_card


@pytest.fixture(scope="module")
def saved(tmp_path_factory, cells):
    from isthmus import AnomalyDetector

    frame = cells.benign[["mean area", "mean texture"]].assign(kind=["a", "b", "c"] * 59 + ["a"])
    folder = tmp_path_factory.mktemp("saved") / "model"
    AnomalyDetector(steps=5, random_state=0).fit(frame).save(folder)
    return folder


@pytest.fixture
def model(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


def sealed(folder, change=lambda content: None, tensors=None):
    """Change the configuration or the weights of a folder, and set all checksums right."""
    if tensors is not None:
        save_file(tensors, folder / "model.safetensors", metadata={"isthmus": "{}"})
    content = json.loads((folder / "config.json").read_text())
    change(content)
    content["sha256"] = {"model.safetensors": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()}
    plain = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    content["sha256"]["config.json"] = hashlib.sha256(plain).hexdigest()
    (folder / "config.json").write_text(json.dumps(content))


def test_sealing_alone_changes_nothing(model, cells):
    sealed(model, tensors=load_file(model / "model.safetensors"))
    assert isthmus.load(model).rows_ == len(cells.benign)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda c: c.pop("task"), "configuration"),
        (lambda c: c.update(task=["AnomalyDetector"]), "configuration"),
        (lambda c: c.update(config=[]), "configuration"),
        (lambda c: c.pop("versions"), "configuration"),
        (lambda c: c.update(versions=["1"]), "configuration"),
        (lambda c: c.update(format=0), "configuration"),
        (lambda c: c.update(format="1"), "configuration"),
        (lambda c: c.update(task="os.system"), "knows AnomalyDetector"),
        (lambda c: c["config"].update(recipe="../other"), "recipe"),
        (lambda c: c["config"].update(draws=-1), "draws"),
        (lambda c: c["config"].update(draws=0), "draws"),
        (lambda c: c["config"]["options"].update(surprise=1), "another Isthmus than"),
        (lambda c: c["config"]["schema"]["columns"].pop(), "columns do not make"),
    ],
)
def test_a_configuration_that_no_isthmus_wrote_is_refused(model, change, word):
    sealed(model, change)
    with pytest.raises(ModelError, match=word):
        isthmus.load(model)


def test_a_schema_of_a_million_columns_is_refused_before_anything_is_built(model):
    column = {"type": "datetime", "parts": ["hour", "weekday"]}
    many = [{"name": str(place)} | column for place in range(200_000)]
    sealed(model, lambda c: c["config"]["schema"].update(columns=many))
    began = time.perf_counter()
    with pytest.raises(ModelError, match="columns do not make"):
        isthmus.load(model)
    assert time.perf_counter() - began < 15  # and not minutes


@pytest.mark.parametrize(
    "forge",
    [
        lambda t: t | {"features.cell_of": t["features.cell_of"] + 1_000_000},
        lambda t: t | {"restored": t["restored"][:0].contiguous()},
        lambda t: t | {"calibration": t["calibration"][:, None].contiguous()},
        lambda t: {name: tensor for name, tensor in t.items() if name != "unit"},
        lambda t: t | {"surprise": torch.zeros(3)},
        lambda t: t | {"unit": torch.zeros(3)},
    ],
)
def test_weights_that_do_not_follow_from_the_configuration_are_refused(model, forge):
    sealed(model, tensors=forge(load_file(model / "model.safetensors")))
    with pytest.raises(ModelError, match="damaged"):
        isthmus.load(model)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "README.md"])
def test_a_pipe_or_a_device_is_no_file_of_a_model(model, name):
    (model / name).unlink()
    os.mkfifo(model / name)
    with pytest.raises(ModelError, match="not a file"):
        read(model)
    (model / name).unlink()
    (model / name).symlink_to("/dev/zero")
    with pytest.raises(ModelError, match="not a file"):
        read(model)


def test_a_text_of_gigabytes_is_not_read(model):
    for name in ("README.md", "config.json"):
        os.truncate(model / name, 5 * 2**30)  # a hole: it takes no room
        with pytest.raises(ModelError, match="larger than any"):
            read(model)


def test_what_weights_say_of_themselves_may_not_be_too_deep(model):
    tensors = load_file(model / "model.safetensors")
    save_file(tensors, model / "model.safetensors", metadata={"isthmus": "[" * 100_000})
    sealed(model)
    with pytest.raises(ModelError, match="too deep"):
        isthmus.load(model)


def test_an_edited_card_cannot_command_a_terminal(model):
    (model / "README.md").write_bytes(b"# M\xff\n\ttab\x1b[31mred\x07")
    assert read_card(model) == "# M\ufffd\n\ttab[31mred"


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in ("unit", "column", "spacing") for value in (0.0, -1.0, float("nan"), float("inf"))]
    + [("restored", float("nan")), ("usual", float("nan")), ("marks", float("inf"))],
)
def test_a_scale_that_makes_scores_no_numbers_is_refused(model, name, value):
    tensors = load_file(model / "model.safetensors")
    tensors[name][0] = value
    sealed(model, tensors=tensors)
    with pytest.raises(ModelError, match=name):
        isthmus.load(model)
