"""Converting voices, on speech-like sound that the tests make."""

from __future__ import annotations

import warnings
from unittest.mock import Mock

import numpy as np
import pytest
import soundfile
import torch
from sklearn.exceptions import NotFittedError

from isthmus import VoiceConverter, load
from isthmus.errors import DataError, OptionError, SoundWarning
from isthmus.kinds import speech
from isthmus.kinds.made_speech import SPEAKERS, spoken
from isthmus.networks.speech import SpeakerEncoder
from isthmus.recipes.speech_sounds import speech_sounds
from isthmus.tasks.speech_input import SpeechInput
from isthmus.tasks.verifier import equal_error_rate
from isthmus.tasks.voice_comparison import content_distance
from isthmus.tasks.voice_training import Around
from tests.sounds import RATE, folder_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("voices") / "takes")


@pytest.fixture(scope="module")
def converter(folder):
    return VoiceConverter(steps=150, width=48, content=12, random_state=0).fit(folder)


def spectrum(samples):
    return np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8192))[:2048]


def likeness(a, b):
    logs = [np.log(np.convolve(spectrum(s), np.ones(20), mode="same") + 1e-3) for s in (a, b)]
    return np.corrcoef(*logs)[0, 1]


def test_the_voice_changes_towards_the_target(converter):
    source, target = spoken("aiu", "ben", seed=9), spoken("oeo", "ada", seed=8)
    samples, rate = converter.convert(content=source, voice=target)
    assert rate == RATE
    assert len(samples) == len(source)
    assert np.isfinite(samples).all()
    said_by_her = spoken("aiu", "ada", seed=7)
    assert likeness(samples, said_by_her) > likeness(source, said_by_her)


def test_the_same_again_and_after_saving(converter, tmp_path, folder):
    take, voice = folder / "ben" / "aiu.wav", folder / "ada" / "uia.wav"
    first, _ = converter.convert(content=take, voice=voice)
    converter.save(tmp_path / "model")
    again, _ = load(tmp_path / "model").convert(content=take, voice=[voice])
    assert np.array_equal(first, again)
    twin = VoiceConverter(steps=3, width=16, content=4, random_state=3).fit(folder)
    other = VoiceConverter(steps=3, width=16, content=4, random_state=3).fit(folder)
    assert np.array_equal(twin.convert(content=take, voice=voice)[0], other.convert(content=take, voice=voice)[0])


@pytest.mark.parametrize("part", ["tasks.learned.train", "tasks.voice.grouped_content"])
def test_a_fit_that_is_interrupted_leaves_nothing_of_the_one_before(part, folder, monkeypatch):
    task = VoiceConverter(steps=1, width=8, content=2).fit(folder)
    monkeypatch.setattr(f"isthmus.{part}", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        task.fit(folder)
    for use in (task.units, task.embed_voice, lambda take: task.convert(content=take, voice=take)):
        with pytest.raises(NotFittedError):
            use(folder / "ben" / "aiu.wav")


@pytest.mark.parametrize("recipe", ["adversarial", "autovc", "units", "sounds"])
def test_every_recipe_converts_and_comes_back(recipe, folder, tmp_path):
    converter = VoiceConverter(recipe, steps=4, width=16, content=4, entries=8, random_state=0).fit(folder)
    take, voice = folder / "ben" / "aiu.wav", folder / "ada" / "uia.wav"
    samples, _ = converter.convert(content=take, voice=voice)
    assert len(samples) == len(speech.read(take))
    assert np.isfinite(samples).all()
    converter.save(tmp_path / "model")
    assert np.array_equal(load(tmp_path / "model").convert(content=take, voice=voice)[0], samples)


def test_a_code_without_units_is_grouped_into_some(converter, folder, tmp_path):
    take = folder / "ben" / "aiu.wav"
    units = converter.units(take)
    assert len(units) == pytest.approx(len(speech.read(take)) / RATE / converter.unit_seconds_, abs=1)
    assert len(set(units.tolist())) > 3
    converter.save(tmp_path / "model")
    assert np.array_equal(load(tmp_path / "model").units(take), units)


def test_a_vocoder_gives_the_sound_where_one_was_trained(folder, tmp_path):
    converter = VoiceConverter(steps=3, width=16, vocoder_steps=2, random_state=0).fit(folder)
    take, voice = folder / "ben" / "aiu.wav", folder / "ada" / "uia.wav"
    samples, _ = converter.convert(content=take, voice=voice)
    assert len(samples) == len(speech.read(take))
    converter.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert np.array_equal(again.convert(content=take, voice=voice)[0], samples)
    again.vocoder_ = None
    assert not np.array_equal(again.convert(content=take, voice=voice)[0], samples)


def test_units_are_few_and_last_as_long_as_the_sound(folder):
    converter = VoiceConverter("units", steps=60, width=32, entries=16, random_state=0).fit(folder)
    units = converter.units(folder / "ben" / "aiu.wav")
    assert len(units) == pytest.approx(len(speech.read(folder / "ben" / "aiu.wav")) / RATE / 0.025, abs=1)
    assert units.min() >= 0
    assert units.max() < 16
    assert len(set(units.tolist())) > 2
    assert converter.unit_seconds_ == 0.025


def test_a_vowel_is_one_sound_whoever_says_it(folder):
    mels, _ = SpeechInput().read_folder(folder)
    torch.manual_seed(0)
    model = speech_sounds(width=16, entries=8, content=8)
    Around(SpeechInput(), 0, False).sounds(model, mels, 60)
    assert not any(parameter.requires_grad for parameter in model.encoder.content.parameters())
    found = {}
    for vowel in "aiu":
        for speaker in ("ada", "dan"):
            mel = SpeechInput().mel(spoken(vowel * 6 + "eo", speaker, seed=5))  # statistics need more than one vowel
            units = model.code.parts["content"](model.encoder.content(mel[None])).symbols[0, 4:30]
            found[vowel, speaker] = np.bincount(units, minlength=8) / len(units)
    for vowel in "aiu":
        same = np.minimum(found[vowel, "ada"], found[vowel, "dan"]).sum()
        others = [np.minimum(found[vowel, "ada"], found[other, "dan"]).sum() for other in "aiu" if other != vowel]
        assert same > max(others)


def test_a_long_recording_comes_in_parts_that_join_without_clicks(converter, folder, tmp_path):
    parts = [spoken("aiueo", name, seed=seed) for seed, name in enumerate(["ben", "dan"] * 30)]
    long = np.concatenate([np.concatenate([part, np.zeros(RATE // 10, np.float32)]) for part in parts])
    soundfile.write(tmp_path / "long.wav", long, RATE)
    pieces = list(converter.converted(content=tmp_path / "long.wav", voice=folder / "ada" / "aiu.wav"))
    assert len(pieces) > 1
    whole = np.concatenate(pieces)
    assert len(whole) == len(long)
    steps = np.abs(np.diff(whole))
    for end in np.cumsum([len(piece) for piece in pieces])[:-1]:
        assert steps[end - 2 : end + 2].max() <= np.quantile(steps, 0.999)


def test_the_words_move_less_to_another_voice_than_to_other_words():
    heard = SpeechInput()
    said = {
        (word, name): heard.frames_of(spoken(word, name, seed=seed))
        for seed, name in enumerate(SPEAKERS)
        for word in ("aiueo", "oeuia")
    }
    first, *others = SPEAKERS
    own = content_distance(said["aiueo", first], said["aiueo", first])
    by_others = [content_distance(said["aiueo", first], said["aiueo", name]) for name in others]
    assert own == pytest.approx(0, abs=1e-6)
    assert max(by_others) < content_distance(said["aiueo", first], said["oeuia", first])


def test_one_voice_is_nearer_to_itself_than_to_another(converter):
    def style(word, name, seed):
        return converter.embed_voice(spoken(word, name, seed=seed))

    mine, again, hers = style("aiueo", "ben", 1), style("oeuia", "ben", 2), style("oeuia", "ada", 3)
    assert np.linalg.norm(mine - again) < np.linalg.norm(mine - hers)


def test_faults_of_many_recordings_are_told_in_one_warning(tmp_path):
    folder_of(tmp_path / "takes", words=("aiu", "oea"), speakers=("ada", "ben"))
    for take in (tmp_path / "takes").glob("*/*.wav"):
        samples, _ = soundfile.read(take)
        soundfile.write(take, np.clip(9 * samples, -1, 1), RATE, subtype="FLOAT")
        take.write_bytes(take.read_bytes()[:-4000])  # a second fault does not make it two recordings
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        VoiceConverter(steps=1, width=8, content=2).fit(tmp_path / "takes")
    (message,) = [str(one.message) for one in told if issubclass(one.category, SoundWarning)]
    assert message.startswith("4 recordings in")
    assert "is cut short" in message


def test_what_else_is_warned_of_while_recordings_are_read_is_not_lost(tmp_path, monkeypatch):
    folder_of(tmp_path / "takes", words=("aiu",), speakers=("ada", "ben"))
    take = SpeechInput.take

    def old_fashioned(*given, **more):
        warnings.warn("this will not work for long", FutureWarning, stacklevel=2)
        warnings.warn("it hums", SoundWarning, stacklevel=2)
        return take(*given, **more)

    monkeypatch.setattr(SpeechInput, "take", old_fashioned)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        SpeechInput().read_folder(tmp_path / "takes")
    assert [str(one.message) for one in told[:2]] == ["this will not work for long"] * 2
    (hums,) = [str(one.message) for one in told[2:]]
    assert hums.startswith("2 recordings in")
    assert "it hums" in hums


def test_what_cannot_be_used_is_told(converter, tmp_path, folder):
    (tmp_path / "one" / "ada").mkdir(parents=True)
    soundfile.write(tmp_path / "one" / "ada" / "a.wav", spoken("aiu", "ada"), RATE)
    with pytest.raises(DataError, match="recordings of at least two speakers"):
        VoiceConverter(steps=1).fit(tmp_path / "one")
    (tmp_path / "text.wav").write_text("I am no sound")
    with pytest.raises(DataError, match=r"text\.wav is not a sound file"):
        converter.convert(content=tmp_path / "text.wav", voice=folder / "ada" / "aiu.wav")
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    with pytest.raises(DataError, match=r"silent\.wav is silent"):
        converter.convert(content=tmp_path / "silent.wav", voice=folder / "ada" / "aiu.wav")
    with pytest.raises(DataError, match="give at least one recording"):
        converter.convert(content=folder / "ada" / "aiu.wav", voice=[])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (np.zeros((2, 100)), r"the content as an array is \(samples,\) finite numbers, not \(2, 100\) float64"),
        ([[0.1, 0.2], [0.3]], r"the content as an array is \(samples,\)"),
        (["a", "b"], r"the content as an array is \(samples,\)"),
        (np.array([0.1, np.nan]), r"the content as an array is \(samples,\) finite"),
        (np.array([1e300, 0.1]), r"the content as an array is \(samples,\) finite"),
        (np.zeros(RATE), "the content is silent"),
        ([], "the content is silent"),
    ],
)
def test_an_array_that_is_no_sound_is_told(converter, content, told):
    with pytest.raises(DataError, match=told):
        converter.convert(content=content, voice=spoken("aiu", "ada"))


def test_a_list_of_numbers_is_as_good_as_an_array(converter):
    source, voice = spoken("aiu", "ben"), spoken("oea", "ada")
    expected, _ = converter.convert(content=source, voice=voice)
    assert np.array_equal(converter.convert(content=source.tolist(), voice=voice)[0], expected)


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        (np.zeros(RATE), "is silent"),
        (np.zeros(0), "is silent|holds no sound"),
        (np.full(1, 0.5), "is too short to tell whose voice it is: it holds less than 0.1 s"),
        (spoken("a", "ada", seconds=0.05), "is too short to tell whose voice it is"),
    ],
)
def test_what_can_be_no_voice_is_refused_by_name(converter, samples, told, tmp_path):
    soundfile.write(tmp_path / "hers.wav", samples, RATE)
    for voice, name in ((samples, "the voice"), (tmp_path / "hers.wav", r"hers\.wav")):
        for given in (voice, [spoken("aiu", "ada"), voice]):
            with pytest.raises(DataError, match=f"{name} ({told})"):
                converter.convert(content=spoken("aiu", "ben"), voice=given)


def test_a_voice_that_begins_late_is_heard(converter, tmp_path, monkeypatch):
    monkeypatch.setattr("isthmus.tasks.voice.LONGEST_VOICE", 1.0)
    sound = spoken("aiueo", "ada", seconds=0.3)
    soundfile.write(tmp_path / "late.wav", np.concatenate([np.zeros(2 * RATE, np.float32), sound]), RATE)
    with pytest.warns(SoundWarning, match=r"late\.wav goes on after 1 s of sound"):
        late = converter.embed_voice(tmp_path / "late.wav")
    now = converter.embed_voice(sound)
    assert np.linalg.norm(late - now) < np.linalg.norm(late - converter.embed_voice(spoken("aiueo", "ben")))


@pytest.mark.parametrize(
    "use",
    [lambda task, sound: task.units(sound), lambda task, sound: task.convert(content=sound, voice=spoken("a", "ada"))],
    ids=["units", "convert"],
)
def test_content_that_is_clipped_or_cut_short_is_told_once(converter, tmp_path, use):
    loud = np.clip(9 * np.concatenate([spoken("aiueo", "ben")] * 30), -1, 1)
    soundfile.write(tmp_path / "loud.wav", loud, RATE, subtype="FLOAT")
    (tmp_path / "loud.wav").write_bytes((tmp_path / "loud.wav").read_bytes()[: 4 * len(loud) * 9 // 10])
    with pytest.warns(SoundWarning) as told:
        use(converter, tmp_path / "loud.wav")
    short, clipped = (str(one.message) for one in told)
    assert "loud.wav is cut short: 90% of the sound that it announces is there" in short
    assert "loud.wav is clipped" in clipped


def test_long_recordings_are_learned_from_in_part_and_that_is_told(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("isthmus.tasks.speech_input.LONGEST_TAKE", 1.0)
    for speaker in ("ada", "ben"):
        (tmp_path / speaker).mkdir()
        soundfile.write(tmp_path / speaker / "long.wav", spoken("aiueo" * 2, speaker), RATE)
    with pytest.warns(SoundWarning, match=r"2 recordings in .*; .*long\.wav goes on after 1 s of sound") as told:
        mels, _ = SpeechInput().read_folder(tmp_path)
    assert len(told) == 1
    assert [mel.shape[1] for mel in mels] == [88, 88]  # 81 frames, in eights


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"recipe": "magic"}, "recipe must be one of adain, adversarial, autovc, units"),
        ({"steps": 0}, "steps must be at least 1, not 0"),
        ({"width": 0}, "width must be at least 1, not 0"),
        ({"content": 0}, "content must be at least 1, not 0"),
        ({"content": 2.5}, "content must be a whole number"),
        ({"entries": 0}, "entries must be at least 1, not 0"),
        ({"entries": None}, "entries must be a whole number"),
        ({"vocoder_steps": -1}, "vocoder_steps must be at least 0, not -1"),
        ({"progress": "yes"}, "progress must be True or False"),
    ],
)
def test_an_option_out_of_its_range_is_told_before_anything_is_read(options, told):
    with pytest.raises(OptionError, match=told):
        VoiceConverter(**options).fit("no such folder")


def test_units_of_a_long_recording_stand_where_its_sounds_do(converter, tmp_path):
    """Over windows that overlap, and end wherever it is quiet, their times may not drift."""
    long = np.concatenate([spoken("aiueo", "ben", seed=seed) for seed in range(80)])
    soundfile.write(tmp_path / "long.wav", long, RATE)
    units = converter.units(tmp_path / "long.wav")
    assert len(units) == int(len(long) / RATE / converter.unit_seconds_)
    assert len(converter.units(long[: RATE // 100])) == 1
    end = converter.units(long[-10 * RATE :])
    last = units[-len(end) :]
    agree = {shift: (np.roll(last, shift)[9:-9] == end[9:-9]).mean() for shift in range(-8, 9)}
    assert abs(max(agree, key=agree.get)) <= 1


def test_a_long_recording_is_compared_by_its_beginning(converter, monkeypatch):
    for room in ("voice", "voice_comparison"):
        monkeypatch.setattr(f"isthmus.tasks.{room}.JUDGED", 1.0)
    content, voice = spoken("aiueo" * 3, "ben"), spoken("oeuia" * 3, "ada")
    found = converter.compare(content=content, voice=voice)
    assert {name: len(samples) for name, samples in found.sounds.items()} == pytest.approx(
        {"content": RATE, "voice": RATE, "result": RATE}, abs=0.05 * RATE
    )
    assert found.note.startswith("Converted voice: made by Isthmus")


def test_pieces_of_one_recording_are_no_evidence_that_a_voice_is_known(folder):
    input_, encoder = SpeechInput(), SpeakerEncoder(80, 8, 8).eval()
    names = list(SPEAKERS) * 2
    long = [input_.frames_of(spoken("aiueo" * 6, name, seed=seed)) for seed, name in enumerate(names)]
    assert all(mel.shape[1] >= 2 * 160 for mel in long)
    assert equal_error_rate(encoder, long, list(range(8))) is None
    again = [input_.frames_of(spoken("oeuia" * 2, name, seed=9 + seed)) for seed, name in enumerate(names)]
    rate = equal_error_rate(encoder, long + again, [*range(8), *range(8)])
    assert rate is not None
    assert 0 <= rate <= 1
