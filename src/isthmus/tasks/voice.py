"""Say what one recording says in the voice of another: learned from recordings that nobody paired or transcribed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from isthmus import store
from isthmus.autoencoder import AutoEncoder
from isthmus.codes.quantized import Quantized
from isthmus.errors import DataError, ModelError
from isthmus.kinds import speech
from isthmus.networks.mel import LogMel
from isthmus.networks.speech import SpeakerEncoder
from isthmus.recipes.adain_vc import NewVoices
from isthmus.recipes.vocoder import vocoder
from isthmus.tasks.fitting import fitting
from isthmus.tasks.learned import LearnedTask
from isthmus.tasks.options import check_options, check_whole
from isthmus.tasks.published_vocoder import PublishedVocoder
from isthmus.tasks.speech_input import OVERLAP, Sound, SpeechInput, joined
from isthmus.tasks.voice_comparison import JUDGED, Comparison, compared
from isthmus.tasks.voice_note import conversion_note
from isthmus.tasks.voice_recipes import Lesson, voice_recipe
from isthmus.tasks.voice_training import Around, pace
from isthmus.tasks.voice_units import grouped_content
from isthmus.training.samples import Viewed
from isthmus.training.takes import Takes
from isthmus.training.threads import one_thread

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VoiceConverter"]

FRAMES = 64  # of a training crop: 0.8 seconds
VERIFIER_WIDTH = 96
OWN_SPEAKERS = "those of the model's own speakers that it has not heard"
BUNDLED = Path(__file__).parents[1] / "bundled" / "voice"
LONGEST_VOICE = 60.0  # seconds of sound in each recording of a voice that are listened to


class VoiceConverter(LearnedTask):
    """Convert voices, any to any, from one recording of each.

    Parameters
    ----------
    recipe : "adain", "adversarial", "autovc", "units" or "sounds"
        How what is said is kept apart from who says it: by instance norms (`recipes.adain_vc`), by an adversary
        (`recipes.adversarial_vc`), by a narrow bottleneck alone (`recipes.autovc`), or by a code of few discrete units,
        made to restore (`recipes.speech_units`) or to name sounds (`recipes.speech_sounds`).
    steps : int
        Training steps of 32 crops of 0.8 seconds.
    width : int
        Channels of the networks.
    content : int, optional
        Numbers in a vector of content; by default as many as the recipe takes. Too many, and the source's voice passes
        with what is said; too few, and what is said does not pass.
    entries : int
        How many units there are.
    vocoder_steps : int
        Training steps of a neural vocoder (`recipes.vocoder`, without its critics) of 16 crops of half a second, whose
        sound Griffin-Lim's algorithm then mends in 8 rounds; some ten thousand are needed, 13 minutes. 0 for that
        algorithm alone, in 32 rounds: a little better, and half as fast.
    random_state : int, RandomState or None
    log_dir, checkpoint : path, optional
    progress : bool

    Attributes
    ----------
    input_ : SpeechInput
    model_ : AutoEncoder
    speakers_ : list of str
        Who was learned from: the sub-folders' names.
    verifier_ : SpeakerEncoder
        Judges how like two voices are, for `compare`; nothing of it is in the conversion.
    units_ : Quantized
        The codebook of units.
    vocoder_ : AutoEncoder or None
        What gives the sound; None for Griffin-Lim's algorithm.
    published_ : PublishedVocoder or None
        What makes the sound again; see `use_vocoder`. It is not saved with the model.
    equal_error_rate_ : float or None
        Of that judgement, on people whom the verifier has not heard; None with few speakers.
    judged_on_ : str
        Who these people are: by default every sixth of the speakers that it was learned from.
    history_ : History
    """

    input_: SpeechInput
    model_: AutoEncoder
    published_: PublishedVocoder | None = None

    def __init__(
        self,
        recipe: str = "adain",
        *,
        steps: int = 6000,
        width: int = 160,
        content: int | None = None,
        entries: int = 128,
        vocoder_steps: int = 0,
        random_state: Any = None,
        log_dir: str | Path | None = None,
        checkpoint: str | Path | None = None,
        progress: bool = False,
    ) -> None:
        self.recipe = recipe
        self.steps = steps
        self.width = width
        self.content = content
        self.entries = entries
        self.vocoder_steps = vocoder_steps
        self.random_state = random_state
        self.log_dir = log_dir
        self.checkpoint = checkpoint
        self.progress = progress

    def fit(self, X: str | Path, y: Any = None) -> VoiceConverter:
        """Learn from a folder of recordings, one sub-folder a speaker.

        Parameters
        ----------
        X : path
            Folder of WAV, FLAC, OGG or MP3 files. Files in no sub-folder are taken for a speaker each.
        y : ignored

        Raises
        ------
        DataError
            Naming the file that cannot be used.
        OptionError
            Naming an option that is out of its range.
        """
        recipe = voice_recipe(self.recipe)
        self._check_options()
        with fitting(self), torch.random.fork_rng():
            self.input_ = SpeechInput()
            mels, names = self.input_.read_folder(X)
            self.speakers_ = sorted(set(names))
            speakers = [self.speakers_.index(name) for name in names]
            samples = Viewed(Takes(mels, speakers, FRAMES), NewVoices())
            around = Around(self.input_, self._seed(), self.progress)
            self.judged_on_ = OWN_SPEAKERS
            torch.manual_seed(around.seed)
            self.verifier_ = self._build_verifier()
            self.equal_error_rate_ = around.judge_of_voices(
                self.verifier_, mels, speakers, frames=FRAMES, steps=self.steps // 4
            )
            model = self._build()
            lesson = Lesson(around, samples, mels, len(self.speakers_), self.steps)
            if recipe.before is not None:
                recipe.before(model, lesson)
            self._train(model, samples, seed=around.seed, title="learning voices", **pace(self.steps))
            if recipe.after is not None:
                recipe.after(model, lesson)
            self.units_ = self._learn_units(model, mels, around.seed)
            self.vocoder_ = self._build_vocoder()
            if self.vocoder_ is not None:
                around.vocoder(self.vocoder_, X, self.vocoder_steps)
        return self

    @classmethod
    def bundled(cls) -> VoiceConverter:
        """Return the converter that comes with the package: any to any, learned from read English (CC BY 4.0).

        Raises
        ------
        ModelError
            Where this copy of the package was made without it.
        """
        if not cls.has_bundled():
            raise ModelError("this copy of Isthmus has no bundled voice model; `make voice` builds it")
        return cls.from_stored(store.read(BUNDLED))

    @staticmethod
    def has_bundled() -> bool:
        """Return whether a converter came with this copy of the package."""
        return BUNDLED.is_dir()

    def convert(self, *, content: Sound, voice: Sound | Sequence[Sound]) -> tuple[np.ndarray, int]:
        """Say the content in the voice.

        Parameters
        ----------
        content, voice : path, or array of samples at 16 kHz
            The voice may be several recordings of one speaker; the first minute of sound in each is listened to.

        Returns
        -------
        samples : array, float32
        rate : int
            Samples a second.

        Raises
        ------
        DataError
            Naming the file that cannot be used, or that holds too little of a voice.
        """
        return np.concatenate(list(self.converted(content=content, voice=voice))), self.input_.rate

    def converted(self, *, content: Sound, voice: Sound | Sequence[Sound]) -> Iterator[np.ndarray]:
        """Yield what `convert` returns in parts, in bounded memory, however long the content is."""
        self._check_fitted()
        speaker = self._speaker(voice)
        yield from joined(self._windows_in(content, speaker))

    def convert_file(self, *, content: str | Path, voice: Sound | Sequence[Sound], out: str | Path) -> float:
        """Write what `convert` returns as a sound file that tells it was converted, in bounded memory.

        Returns
        -------
        float
            Seconds.

        Raises
        ------
        DataError
            Naming the file that cannot be used, or `out` if its ending is none of .wav, .flac, .ogg.
        OutputError
            Where it cannot be written.
        """
        sound = self.converted(content=content, voice=voice)
        return speech.write(out, sound, self.input_.rate, note=conversion_note(content))

    def use_vocoder(self, folder: str | Path | None) -> VoiceConverter:
        """Let a vocoder that others published give the sound from now on: Vocos or BigVGAN, from your own files.

        Parameters
        ----------
        folder : path or None
            See `PublishedVocoder.read`. None for none.

        Raises
        ------
        ModelError
            Naming the file that is missing or cannot be used.
        """
        self.published_ = None if folder is None else PublishedVocoder.read(folder)
        return self

    def embed_voice(self, voice: Sound | Sequence[Sound]) -> np.ndarray:
        """Return the style part of a voice's code, (style,)."""
        self._check_fitted()
        return self._speaker(voice)["style"][0].numpy()

    def compare(self, *, content: Sound, voice: Sound, result: Sound | None = None) -> Comparison:
        """Judge a conversion: whether the voice is the target's, and what is said still the content.

        The first minute of sound in each recording is judged, and no more of the content is converted.

        Parameters
        ----------
        content, voice : path, or array of samples at 16 kHz
        result : path or array, optional
            What to judge; by default it is converted now.
        """
        self._check_fitted()
        said = self.input_.samples(content, most=JUDGED, called="the content")
        made = self.convert(content=said, voice=voice)[0] if result is None else result
        note = speech.note(made) if isinstance(made, (str, Path)) else conversion_note(content)
        return compared(
            self.input_, self.verifier_, content=said, voice=voice, result=made,
            note=note, equal_error_rate=self.equal_error_rate_, judged_on=self.judged_on_,
        )  # fmt: skip

    def units(self, sound: Sound) -> np.ndarray:
        """Return the discrete units of a recording, (units,) whole numbers below `entries`, `unit_seconds_` each.

        "units" and "sounds" learned them as their code. With the other recipes they are groups of content vectors,
        made after training by k-means.

        Raises
        ------
        DataError
            Naming the file that cannot be used.
        """
        self._check_fitted()
        return np.concatenate(list(self._units_in(sound)))

    @property
    def unit_seconds_(self) -> float:
        """Seconds that a unit takes."""
        self._check_fitted()
        encoder: Any = self.model_.encoder
        return float(encoder.content.stride * self.input_.front.hop / self.input_.rate)

    def phone_map(self, folder: str | Path) -> tuple[pd.DataFrame, dict[str, float]]:
        """Return what the units stand for, by recordings with phone labels beside them (`a.wav`, `a.phn`).

        Returns
        -------
        map : data frame
            Columns unit, phone, share, count.
        agreement : dict
            `purity` and `pnmi`; see `isthmus.tasks.unit_map`.

        Raises
        ------
        DataError
            Naming the file, and the line, that cannot be used.
        """
        from isthmus.tasks.unit_map import agreement, aligned_phones, phone_map

        units, phones = [], []
        for take in speech.find(folder):
            found = self.units(take.path)
            samples = self.unit_seconds_ * self.input_.rate
            labels = aligned_phones(take.path.with_suffix(".phn"), len(found), samples)
            units.append(found[labels != ""])
            phones.append(labels[labels != ""])
        both = np.concatenate(units), np.concatenate(phones)
        return phone_map(*both), agreement(*both)

    def _units_in(self, sound: Sound) -> Iterator[np.ndarray]:
        encoder: Any = self.model_.encoder
        samples, start, told = self.unit_seconds_ * self.input_.rate, 0, 0
        for window in self.input_.windows(sound):
            frames = self.input_.frames_of(window)
            with one_thread(), torch.inference_mode():
                found = self.units_(encoder.content(frames[None])).symbols[0]
            end = max(1, int((start + len(window)) / samples))
            first = max(0, round(told - start / samples))  # the window before told the beginning of this one
            yield found[first : first + end - told].numpy()
            start, told = start + len(window) - OVERLAP, end

    def _speaker(self, voice: Sound | Sequence[Sound]) -> dict[str, Tensor]:
        many: Sequence[Any] = voice if isinstance(voice, (list, tuple)) else [voice]
        if not many:
            raise DataError("there is no voice to convert to: give at least one recording")
        mels = [self.input_.mel(self.input_.voice(one, most=LONGEST_VOICE)) for one in many]
        with one_thread(), torch.inference_mode():
            found: dict[str, Tensor] = self.model_.encoder.speaker(torch.cat(mels, 1)[None])  # type: ignore[operator]
        return found

    def _windows_in(self, content: Sound, speaker: dict[str, Tensor]) -> Iterator[np.ndarray]:
        def said(mel: Tensor) -> Tensor:
            features = {"content": self.model_.encoder.content(mel[None]), "speaker": speaker}  # type: ignore[operator]
            changed: Tensor = self.model_.decode(self.model_.code.centre(features))["said"]
            return changed[0]

        for window in self.input_.windows(content):
            with one_thread(), torch.inference_mode():
                changed = self.input_.restored(window, said, self._sound)
            yield changed

    def _check_options(self) -> None:
        check_options(self.get_params())
        check_whole("entries", self.entries, 1)
        check_whole("vocoder_steps", self.vocoder_steps, 0)
        if self.content is not None:
            check_whole("content", self.content, 1)

    def _learn_units(self, model: AutoEncoder, mels: list[Tensor], seed: int) -> Quantized:
        """Return the code's own codebook, or one of its content's groups."""
        code, encoder = cast("Any", model.code), cast("Any", model.encoder)
        if voice_recipe(self.recipe).has_units:
            return cast("Quantized", code.parts["content"])
        return grouped_content(encoder.content, mels, entries=self.entries, seed=seed)

    def _build_vocoder(self) -> AutoEncoder | None:
        if not self.vocoder_steps:
            return None
        return vocoder(LogMel(self.input_.rate, bands=self.input_.bands), adversarial=False)

    def _sound(self, mel: Tensor) -> np.ndarray:
        own = None if self.vocoder_ is None else self.vocoder_.decode(mel[None])[0]
        samples = self.input_.sound(mel, own)
        return samples if self.published_ is None else self.published_.sound(samples, self.input_.rate)

    def _build_verifier(self) -> SpeakerEncoder:
        return SpeakerEncoder(self.input_.bands, VERIFIER_WIDTH, VERIFIER_WIDTH)

    def _modules(self) -> dict[str, nn.Module]:
        more: dict[str, nn.Module] = {} if self.vocoder_ is None else {"vocoder": self.vocoder_}
        return super()._modules() | {"verifier": self.verifier_, "units": self.units_} | more

    def _build(self) -> AutoEncoder:
        sizes = {"width": self.width} | ({} if self.content is None else {"content": self.content})
        return voice_recipe(self.recipe).build(self.input_.bands, len(self.speakers_), self.entries, sizes)

    def _more(self) -> dict[str, Any]:
        told = {"speakers": self.speakers_, "units": [self.units_.entries, self.units_.width]}
        return told | {"equal_error_rate": self.equal_error_rate_, "judged_on": self.judged_on_}

    def _restore(self, config: dict[str, Any]) -> None:
        self.speakers_ = [str(name) for name in config["speakers"]]
        self.equal_error_rate_ = config["equal_error_rate"]
        self.judged_on_ = str(config.get("judged_on", OWN_SPEAKERS))
        self.verifier_ = self._build_verifier()
        self.vocoder_ = self._build_vocoder()
        self.units_ = Quantized(*(int(size) for size in config["units"]))
