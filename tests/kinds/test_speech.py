"""Sound files: what is read, what is refused, and how it is told."""

from __future__ import annotations

import os
import tracemalloc
import warnings

import numpy as np
import pytest
import soundfile

from isthmus.errors import DataError, SoundWarning
from isthmus.kinds import speech
from isthmus.kinds.made_speech import spoken
from isthmus.kinds.sound_ends import missing_end
from tests.sounds import RATE


def tone(seconds=1.0, rate=RATE, hertz=440.0, level=0.5):
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def loudest_hertz(samples):
    return np.abs(np.fft.rfft(samples * np.hanning(len(samples)))).argmax() * RATE / len(samples)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 48_000])
def test_every_format_and_rate_gives_the_same_tone_at_one_rate(tmp_path, ending, rate):
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, tone(rate=rate), rate)
    samples = speech.read(path)
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(RATE, abs=0.1 * RATE if ending == "mp3" else 2)
    assert loudest_hertz(samples) == pytest.approx(440, abs=2)
    assert np.abs(samples[2000:-2000]).max() == pytest.approx(0.5, abs=0.03)


def test_stereo_is_mixed_down(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.stack([tone(), 0 * tone()], 1), RATE)
    assert np.abs(speech.read(tmp_path / "a.wav")).max() == pytest.approx(0.25, abs=0.01)


def test_telephone_sound_is_used_and_told(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(rate=8000), 8000)
    with pytest.warns(SoundWarning, match=r"a\.wav has 8,000 samples a second: nothing above 4,000 Hz"):
        samples = speech.read(tmp_path / "a.wav")
    assert len(samples) == pytest.approx(RATE, abs=2)


@pytest.mark.parametrize("most", [None, 1.5])
def test_clipped_sound_is_used_and_told_once(tmp_path, most):
    soundfile.write(tmp_path / "a.wav", np.clip(tone(3.0, level=3.0), -1, 1), RATE, subtype="FLOAT")
    with pytest.warns(SoundWarning) as told:
        speech.read(tmp_path / "a.wav", most=most)
    assert sum("a.wav is clipped" in str(one.message) for one in told) == 1


def test_silence_before_and_after_is_trimmed():
    silence = 1e-4 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert len(speech.trimmed(np.concatenate([silence, tone(0.5), silence]))) == pytest.approx(0.56 * RATE, abs=800)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"bad\.wav is empty \(0 bytes\)"),
        (b"I am no sound, whatever my name says." * 50, r"bad\.wav is not a sound file that can be decoded"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00", r"bad\.wav is not a sound file|bad\.wav holds no sound"),
    ],
)
def test_what_is_no_sound_is_refused_by_name(tmp_path, content, message):
    (tmp_path / "bad.wav").write_bytes(content)
    with pytest.raises(DataError, match=message):
        speech.read(tmp_path / "bad.wav")


def test_missing_silent_and_endless_files_are_refused_by_name(tmp_path):
    with pytest.raises(DataError, match=r"missing\.wav does not exist"):
        speech.read(tmp_path / "missing.wav")
    with pytest.raises(DataError, match="is a folder, not a sound file"):
        speech.read(tmp_path)
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    with pytest.raises(DataError, match=r"silent\.wav is silent"):
        speech.read(tmp_path / "silent.wav")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), RATE)
    with pytest.raises(DataError, match=r"none\.wav holds no sound"):
        speech.read(tmp_path / "none.wav")
    soundfile.write(tmp_path / "nan.wav", np.full(RATE, np.nan, np.float32), RATE, subtype="FLOAT")
    with pytest.raises(DataError, match=r"nan\.wav holds samples that are no numbers"):
        speech.read(tmp_path / "nan.wav")


@pytest.mark.parametrize(
    ("ending", "rate", "told"),
    [
        ("wav", 16_000, "50% of the sound that it announces is there"),
        ("mp3", 16_000, "50% of the sound that it announces is there"),
        ("mp3", 44_100, "50% of the sound that it announces is there"),
        ("ogg", 16_000, "its last page is missing"),
    ],
)
def test_a_file_that_is_cut_short_is_read_as_far_as_it_goes_and_told(tmp_path, ending, rate, told):
    path = tmp_path / f"cut.{ending}"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, (20 * rate, 2)), rate)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(speech.read(path)) == pytest.approx(20 * RATE, rel=0.01)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(SoundWarning, match=rf"cut\.{ending} is cut short: {told}"):
        assert 8 * RATE < len(speech.read(path)) < 11 * RATE


def test_a_damaged_file_is_refused_by_name(tmp_path):
    path = tmp_path / "cut.flac"
    soundfile.write(path, tone(3.0), RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=r"cut\.flac is cut short or damaged"):
        speech.read(path)


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_wav_that_was_written_to_a_pipe_announces_nothing(tmp_path, size):
    soundfile.write(tmp_path / "pipe.wav", tone(), RATE)
    held = bytearray((tmp_path / "pipe.wav").read_bytes())
    at = held.index(b"data") + 4
    held[at : at + 4] = size.to_bytes(4, "little")
    (tmp_path / "pipe.wav").write_bytes(held)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert missing_end(tmp_path / "pipe.wav") == ""


@pytest.mark.parametrize("name", ["sound.raw", b"caf\xe9.wav", "no ending"])
def test_what_a_file_is_called_does_not_matter(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    soundfile.write(tmp_path / "a.wav", tone(), RATE)
    (tmp_path / "a.wav").rename(path)
    assert len(speech.read(path)) == RATE
    path.write_bytes(b"I am no sound, whatever my name says.")
    with pytest.raises(DataError, match="is not a sound file that can be decoded"):
        speech.read(path)


@pytest.mark.parametrize("quiet", [0.0, 1e-3])
def test_of_a_long_recording_so_much_sound_is_read_as_was_asked_for(tmp_path, quiet):
    noise = quiet * np.random.default_rng(0).uniform(-1, 1, 3 * RATE).astype(np.float32)
    soundfile.write(tmp_path / "late.wav", np.concatenate([noise, tone(1.0), noise, tone(4.0)]), RATE)
    with pytest.warns(SoundWarning, match=r"late\.wav goes on after 3\.5 s of sound"):
        samples = speech.read(tmp_path / "late.wav", most=3.5)
    assert len(samples) == 3.5 * RATE
    assert (np.abs(samples) > 0.1).mean() > 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(speech.read(tmp_path / "late.wav", most=11), speech.read(tmp_path / "late.wav"))


def test_silence_is_not_listened_to_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(speech, "SEARCHED", 3.0)
    soundfile.write(tmp_path / "late.wav", np.concatenate([np.zeros(5 * RATE, np.float32), tone(1.0)]), RATE)
    with pytest.raises(DataError, match=r"late\.wav is silent"):
        speech.read(tmp_path / "late.wav", most=1)


def test_an_hour_is_streamed_in_bounded_memory(tmp_path):
    path = tmp_path / "hour.flac"
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        for _ in range(60):
            file.write(tone(60.0, 8000))
    tracemalloc.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SoundWarning)
        count = sum(len(block) for block in speech.stream(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == pytest.approx(3600 * RATE, abs=100)
    assert peak < 20e6


def test_what_is_written_is_read_back_with_its_note(tmp_path):
    sound = spoken("aiu", "ada")
    for ending in ("wav", "flac", "ogg"):
        path = tmp_path / f"out.{ending}"
        assert speech.write(path, [sound[:3000], sound[3000:]], note="made by Isthmus") == len(sound) / RATE
        assert speech.note(path) == "made by Isthmus"
        back = speech.read(path)
        assert len(back) == len(sound)
        assert np.corrcoef(back, sound)[0, 1] > 0.98
    speech.write(tmp_path / "loud.wav", [5 * sound])
    assert np.abs(soundfile.read(tmp_path / "loud.wav")[0]).max() <= 1
    with pytest.raises(DataError, match=r"cannot write .*out\.txt: end its name in \.wav, \.flac, \.ogg"):
        speech.write(tmp_path / "out.txt", [sound])


def test_the_speaker_is_the_sub_folder(tmp_path):
    for name in ("ada/1.wav", "ada/more/2.flac", "ben/1.ogg", "alone.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / name, tone(), RATE)
    (tmp_path / "ada" / "notes.txt").write_text("no sound")
    assert [(take.path.name, take.speaker) for take in speech.find(tmp_path)] == [
        ("1.wav", "ada"), ("2.flac", "ada"), ("alone.wav", "alone"), ("1.ogg", "ben"),
    ]  # fmt: skip
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="is a folder without recordings"):
        speech.find(tmp_path / "empty")
