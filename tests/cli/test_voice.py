"""The voice commands, from one end to the other, as a person would type them."""

import base64
import io
import itertools
import json
import os
import sys

import numpy as np
import pytest
import soundfile

from isthmus import VoiceConverter
from isthmus.cli import run
from isthmus.kinds import speech
from isthmus.tasks.voice import BUNDLED
from tests.sounds import RATE, folder_of


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    where = tmp_path_factory.mktemp("voices")
    folder_of(where / "takes", words=("aiu", "oea"))
    assert run(["voice", "fit", str(where / "takes"), "--steps", "3", "--out", str(where / "m")]) == 0
    return where


def test_convert_and_inspect(model, tmp_path, capsys):
    content, voice, out = model / "takes/ben/aiu.wav", model / "takes/ada/oea.wav", tmp_path / "result.wav"
    convert = ["voice", "convert", str(model / "m"), "--content", str(content), "--voice", str(voice)]
    assert run([*convert, "--voice", str(voice), "--out", str(out), "--json"]) == 0
    seconds = json.loads(capsys.readouterr().out)["seconds"]
    assert seconds == pytest.approx(soundfile.info(content).duration, abs=1e-3)
    assert soundfile.info(out).samplerate == RATE
    assert run(["voice", "inspect", str(out)]) == 0
    assert capsys.readouterr().out.startswith("Converted voice: made by Isthmus")
    assert run(["voice", "inspect", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["converted"] is True


@pytest.mark.parametrize("comment", ["", "Recorded at home"])
def test_a_file_without_our_note_is_not_said_to_be_converted(tmp_path, capsys, comment):
    path = str(tmp_path / "mine.wav")
    speech.write(path, [np.full(RATE, 0.1, np.float32)], note=comment)
    assert run(["voice", "inspect", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": path, "converted": False, "note": comment}
    assert run(["voice", "inspect", path]) == 0
    told = capsys.readouterr().out
    assert "mine.wav carries no note of a conversion" in told
    assert comment in told


@pytest.mark.parametrize("library", ["soundfile", "soxr"])
@pytest.mark.parametrize("command", ["fit", "convert", "compare", "units", "inspect"])
def test_what_to_install_is_told_where_a_library_is_missing(model, tmp_path, capsys, monkeypatch, library, command):
    monkeypatch.setitem(sys.modules, library, None)
    take, out = str(model / "takes/ben/aiu.wav"), str(tmp_path / "out")
    calls = {
        "fit": [str(model / "takes"), "--out", out],
        "convert": [str(model / "m"), "--content", take, "--voice", take, "--out", f"{out}.wav"],
        "compare": [str(model / "m"), "--content", take, "--voice", take, "--out", f"{out}.html"],
        "units": [str(model / "m"), take],
        "inspect": [take],
    }
    if (command, library) == ("inspect", "soxr"):
        assert run(["voice", command, *calls[command]]) == 0  # it reads no sound
        return
    assert run(["voice", command, *calls[command]]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith(f"isthmus: recordings need {library}")
    assert "pip install 'isthmus[speech]'" in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--content", "--voice"])
def test_a_recording_is_not_written_over(model, tmp_path, capsys, option):
    take, other = model / "takes/ben/aiu.wav", model / "takes/ada/oea.wav"
    before = take.read_bytes()
    named = {"--content": other, "--voice": other, option: take}
    (tmp_path / "link.wav").symlink_to(take)
    for out in (take, tmp_path / "link.wav"):
        call = [text for name, path in {**named, "--out": out}.items() for text in (name, str(path))]
        assert run(["voice", "convert", str(tmp_path / "no model"), *call]) == 2
        assert f"{option} and --out are both" in capsys.readouterr().err
    assert take.read_bytes() == before


def test_names_that_are_no_text_and_other_endings_do_no_harm(model, tmp_path, capfdbinary):
    content, out = tmp_path / os.fsdecode(b"caf\xe9.wav"), tmp_path / os.fsdecode(b"r\xe9sult.wav")
    content.write_bytes((model / "takes/ben/aiu.wav").read_bytes())
    convert = ["voice", "convert", str(model / "m"), "--content", str(content), "--voice", str(content)]
    assert run([*convert, "--out", str(out)]) == 0
    assert run([*convert, "--out", str(out), "--json"]) == 0
    assert run(["voice", "inspect", str(out)]) == 0
    assert b"Converted voice: made by Isthmus" in capfdbinary.readouterr().out
    assert run(["voice", "inspect", str(content)]) == 0
    (tmp_path / "text.raw").write_text("no sound")
    for call in ([*convert[:4], str(tmp_path / "text.raw"), *convert[5:], "--out", str(out)], ["voice", "inspect"]):
        assert run([*call, str(tmp_path / "text.raw")] if call[1] == "inspect" else call) == 2
        assert b"text.raw is not a sound file" in capfdbinary.readouterr().err


def test_the_model_that_comes_with_the_package_converts_at_once(model, tmp_path, capsys):
    content, voice, out = model / "takes/ben/aiu.wav", model / "takes/ada/oea.wav", tmp_path / "result.flac"
    convert = ["voice", "convert", "bundled", "--content", str(content), "--voice", str(voice), "--out", str(out)]
    assert run(convert) == 0
    assert soundfile.info(out).frames == soundfile.info(content).frames
    assert run(["voice", "units", "bundled", str(content), "--json"]) == 0


def test_the_model_that_comes_with_the_package_says_where_it_is_from_and_how_well_it_judges(model, tmp_path):
    card = (BUNDLED / "README.md").read_text()
    for word in ("consent", "LibriSpeech", "VCTK", "CC BY 4.0", "Apache 2.0"):
        assert word in card
    content, voice, out = model / "takes/ben/aiu.wav", model / "takes/ada/oea.wav", tmp_path / "page.html"
    compare = ["voice", "compare", "bundled", "--content", str(content), "--voice", str(voice)]
    assert run([*compare, "--out", str(out)]) == 0
    rate = VoiceConverter.bundled().equal_error_rate_
    assert 0 < rate < 0.2
    assert f"{rate:.1%} of pairs (equal error rate)" in card
    page = out.read_text()
    assert f"{rate:.1%} of pairs (equal error rate), measured on 12 people of TIMIT, none of whom it has heard" in page
    assert "at most the first 60 s of sound are judged" in page


def note_in(page):
    with soundfile.SoundFile(io.BytesIO(base64.b64decode(page.split('"')[0]))) as file:
        return file.copy_metadata().get("comment", "")


def test_compare_writes_one_page_with_players(model, tmp_path, capsys):
    content, voice, out = model / "takes/ben/aiu.wav", model / "takes/ada/oea.wav", tmp_path / "page.html"
    compare = ["voice", "compare", str(model / "m"), "--content", str(content), "--voice", str(voice)]
    assert run([*compare, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    page = out.read_text()
    assert page.count("<audio") == page.count("data:audio/flac;base64,") == 3
    assert page.count("data:image/png;base64,") == 3
    assert "media-src data:" in page
    assert "http://" not in page
    assert "https://" not in page
    assert f"{told['like_target']:.2f}" in page
    assert "too few speakers" in page
    notes = [note_in(sound) for sound in page.split("data:audio/flac;base64,")[1:]]
    assert [note.startswith("Converted voice: made by Isthmus") for note in notes] == [False, False, True]
    same = [*compare, "--out", str(out), "--json", "--result", str(content)]
    assert run(same) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["like_source"] == pytest.approx(1, abs=1e-3)
    assert told["content_distance"] < 0.05 < told["other_content"]
    assert note_in(out.read_text().split("data:audio/flac;base64,")[3]) == ""  # it was not converted
    assert run([*compare, "--out", str(tmp_path / "page")]) == 2
    assert "the name must end in .html, .htm; nothing was changed" in capsys.readouterr().err


def test_bad_input_is_one_line_and_writes_nothing(model, tmp_path, capsys):
    (tmp_path / "text.wav").write_text("no sound")
    voice, out = model / "takes/ada/oea.wav", tmp_path / "result.wav"
    convert = ["voice", "convert", str(model / "m"), "--voice", str(voice)]
    assert run([*convert, "--content", str(tmp_path / "text.wav"), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "text.wav is not a sound file" in error
    assert run([*convert, "--content", str(voice), "--out", str(tmp_path / "result.txt")]) == 2
    assert "must end in .wav, .flac, .ogg" in capsys.readouterr().err
    assert not out.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.wav"]


@pytest.mark.parametrize(("command", "ending"), [("convert", ".wav"), ("compare", ".html")])
def test_a_place_that_cannot_be_written_is_told_before_anything_is_loaded(tmp_path, capsys, command, ending):
    call = ["voice", command, str(tmp_path / "no model"), "--content", "a.wav", "--voice", "b.wav", "--out"]
    (tmp_path / f"folder{ending}").mkdir()
    for place, word in ((f"folder{ending}", "a folder of that name exists"), (f"nowhere/a{ending}", "does not exist")):
        assert run([*call, str(tmp_path / place)]) == 2
        assert word in (error := capsys.readouterr().err)
        assert place in error
        assert "no model" not in error.replace(str(tmp_path), "")
    assert [path.name for path in tmp_path.iterdir()] == [f"folder{ending}"]


def test_units_are_printed_with_their_times_and_phones(tmp_path, capsys):
    folder_of(tmp_path / "takes", words=("aiu", "oea"))
    takes, model = tmp_path / "takes", str(tmp_path / "m")
    for take in takes.glob("*/*.wav"):
        take.with_suffix(".phn").write_text("0 3200 h#\n3200 10880 v\n10880 14080 h#\n")
    assert run(["voice", "fit", str(takes), "--recipe", "units", "--steps", "5", "--out", model]) == 0
    capsys.readouterr()
    assert run(["voice", "units", model, str(takes / "ada/aiu.wav"), "--phones", str(takes), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["start"] == 0
    assert all(before["end"] == after["start"] for before, after in itertools.pairwise(rows))
    assert {row["phone"] for row in rows} <= {"h#", "v"}
    assert rows[-1]["end"] == pytest.approx(14080 / RATE, abs=0.05)
    (takes / "ben/oea.phn").write_text("0 3200 h#\nthis is no label\n")
    assert run(["voice", "units", model, str(takes / "ada/aiu.wav"), "--phones", str(takes)]) == 2
    assert 'oea.phn, line 2: expected "start end phone"' in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--out", "--checkpoint"])
def test_a_place_that_cannot_be_written_to_is_refused_before_training(model, tmp_path, capsys, option):
    places = {"--out": tmp_path / "m", option: tmp_path / "none" / "m"}
    given = [str(text) for pair in places.items() for text in pair]
    assert run(["voice", "fit", str(model / "takes"), "--steps", "1000000", *given]) == 2
    assert "none does not exist; nothing was changed" in capsys.readouterr().err


def test_a_checkpoint_in_the_model_to_write_is_refused_before_training(model, capsys):
    fit = ["voice", "fit", str(model / "not even there"), "--out", str(model / "m"), "--checkpoint"]
    assert run([*fit, str(model / "m" / "run")]) == 2
    assert f"cannot write {model}/m/run: it lies in the model {model}/m; nothing" in capsys.readouterr().err
    assert run([*fit, str(model / "takes")]) == 2
    assert "takes: a folder of that name exists; nothing was changed" in capsys.readouterr().err


def test_every_size_can_be_given_and_is_kept(model, tmp_path, capsys):
    sizes = {"--width": 8, "--content": 3, "--entries": 5, "--vocoder-steps": 1, "--steps": 1}
    given = [str(text) for pair in sizes.items() for text in pair]
    fit = ["voice", "fit", str(model / "takes"), "--out", str(tmp_path / "m")]
    assert run([*fit, *given, "--checkpoint", str(tmp_path / "run")]) == 0
    options = json.loads((tmp_path / "m/config.json").read_text())["config"]["options"]
    assert {name: options[name.removeprefix("--").replace("-", "_")] for name in sizes} == sizes
    assert not (tmp_path / "run").exists()  # what is done is not to be resumed
    fit = ["voice", "fit", str(model / "takes"), "--out", str(tmp_path / "new")]
    assert run([*fit, *given, "--checkpoint", str(tmp_path / "new")]) == 2
    assert "--out and --checkpoint are both" in capsys.readouterr().err


def test_the_command_knows_every_recipe():
    from typing import get_args

    from isthmus.cli.voice import Recipe
    from isthmus.tasks.voice_recipes import RECIPES

    assert get_args(Recipe) == tuple(RECIPES)
