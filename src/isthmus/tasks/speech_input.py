"""Recordings as the mel frames that a task's networks read, and back."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from isthmus.errors import DataError, SoundWarning
from isthmus.kinds import speech
from isthmus.networks.mel import LogMel
from isthmus.networks.speech import TOGETHER
from isthmus.training.settings import usual_precision
from isthmus.training.threads import one_thread

__all__ = ["LONGEST_TAKE", "OVERLAP", "Sound", "SpeechInput", "joined"]

Sound = str | Path | np.ndarray
LEVEL = 0.1  # root mean square that every recording is brought to
LOUDEST = 0.99  # full scale; what would be louder is brought down to it
LEAST_LEVEL = 1e-6  # what is quieter is left as quiet as it is
SHORTEST = 0.1  # seconds
LONGEST_TAKE = 600.0  # seconds of sound in one file that are learned from
WINDOW, SEARCHED = 20.0, 5.0  # seconds worked on at once, and the part of them in which the quietest place ends it
FEW_ROUNDS = 8  # of Griffin-Lim's algorithm after a vocoder: a PESQ of 3.15; 8 alone have 2.87, 32 alone 3.21
EDGE = 80  # samples over which speech rises from silence
OVERLAP = 320  # samples over which one window passes into the next


class SpeechInput:
    """Mono recordings at 16 kHz, brought to one level, as log-mel frames."""

    kind = "speech"

    def __init__(self, *, rate: int = speech.RATE, bands: int = 80) -> None:
        self.rate, self.bands = rate, bands
        self.front = LogMel(rate, bands=bands)

    def read_folder(self, folder: str | Path) -> tuple[list[Tensor], list[str]]:
        """Return the mel frames of every recording of a folder, and who speaks in each.

        Raises
        ------
        DataError
            Naming the file that cannot be used, or if one speaker alone is there.
        """
        mels, names = [], []
        cases: list[str] = []
        for take in speech.find(folder):
            with _case_in(cases):
                samples = self.take(take.path, most=LONGEST_TAKE)
                if len(samples) < SHORTEST * self.rate:
                    warnings.warn(
                        f"{take.path} is left out: it is shorter than {SHORTEST:g} s", SoundWarning, stacklevel=2
                    )
                    continue
                mels.append(self.mel(samples))
                names.append(take.speaker)
        _tell(cases, folder)
        if len(set(names)) < 2:
            raise DataError(f"{folder} needs recordings of at least two speakers, in a sub-folder each")
        return mels, names

    def samples(self, sound: Sound, *, most: float | None = None, called: str = "the sound") -> np.ndarray:
        """Return a recording as it is, (samples,) float32; an array is named by what it is called.

        Raises
        ------
        DataError
            Naming what cannot be used.
        """
        if isinstance(sound, (str, Path)):
            return speech.read(sound, self.rate, most=most)
        given = _array(sound)
        with np.errstate(over="ignore"):
            samples = given.astype(np.float32) if given.dtype.kind in "iuf" else np.full(1, np.nan, np.float32)
        if samples.ndim != 1 or not np.isfinite(samples).all():
            raise DataError(f"{called} as an array is (samples,) finite numbers, not {given.shape} {given.dtype}")
        speech.check_heard(called, float(np.abs(samples).max(initial=0.0)))
        return samples[: None if most is None else round(most * self.rate)]

    def take(self, sound: Sound, *, most: float | None = None, called: str = "the sound") -> np.ndarray:
        """Return a recording without its outer silence, at one level."""
        return self._levelled(speech.trimmed(self.samples(sound, most=most, called=called)))

    def voice(self, sound: Sound, *, most: float) -> np.ndarray:
        """Return what `take` does of a recording that somebody is to be known by.

        Raises
        ------
        DataError
            Naming what cannot be used, or is too short to tell whose voice it is.
        """
        samples = self.take(sound, most=most, called="the voice")
        if len(samples) < SHORTEST * self.rate:
            named = sound if isinstance(sound, (str, Path)) else "the voice"
            raise DataError(
                f"{named} is too short to tell whose voice it is: it holds less than {SHORTEST:g} s of sound"
            )
        return samples

    def mel(self, samples: np.ndarray) -> Tensor:
        """Return log-mel frames, (samples,) -> (bands, frames), a multiple of `TOGETHER` of them."""
        with one_thread(), torch.inference_mode():
            frames: Tensor = self.front(torch.from_numpy(samples)[None])
            return F.pad(frames, (0, -frames.shape[2] % TOGETHER), mode="replicate")[0]

    def sound(self, mel: Tensor, like: Tensor | None = None) -> np.ndarray:
        """Return samples that have these mel frames, (bands, frames) -> (samples,).

        Sound that is nearly right, (samples,), needs but a few rounds more.
        """
        if like is None:
            samples = self.front.invert(mel[None])
        else:
            samples = self.front.invert(mel[None], rounds=FEW_ROUNDS, like=like[None])
        return np.asarray(samples[0])

    def windows(self, sound: Sound) -> Iterator[np.ndarray]:
        """Yield a recording in windows of about 20 seconds, cut where it is quietest; `OVERLAP` samples are in both.

        Raises
        ------
        DataError
            Naming the file that cannot be used.
        """
        held = np.zeros(0, np.float32)
        blocks = (
            speech.stream(sound, self.rate)
            if isinstance(sound, (str, Path))
            else [self.samples(sound, called="the content")]
        )
        size, searched = round(WINDOW * self.rate), round(SEARCHED * self.rate)
        loudest = 0.0
        for block in blocks:
            held = np.concatenate([held, block])
            loudest = max(loudest, float(np.abs(block).max(initial=0.0)))
            while len(held) > size + OVERLAP:
                cut = size - searched + _quietest(held[size - searched : size])
                yield held[: cut + OVERLAP]
                held = held[cut:]
        speech.check_heard(sound if isinstance(sound, (str, Path)) else "the content", loudest)
        yield held

    def frames_of(self, window: np.ndarray) -> Tensor:
        """Return the mel frames of a window, brought to one level."""
        return self.mel(self._levelled(window))

    def restored(
        self,
        window: np.ndarray,
        change: Callable[[Tensor], Tensor],
        sound: Callable[[Tensor], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Change what is said in a window, and return sound of the same length and loudness; silence stays silent.

        Parameters
        ----------
        window : array (samples,)
        change : function, (bands, frames) -> the same
        sound : function, (bands, frames) -> array (samples,), optional
            By default Griffin-Lim's algorithm.
        """
        start, stop = speech.bounds(window)  # the statistics of a recording are those of what is said in it
        said = window[start:stop]
        changed = (sound or self.sound)(change(self.frames_of(said)))[: len(said)]
        level, loudest = _level(changed), float(np.abs(changed).max(initial=0.0))
        result = np.zeros_like(window)
        if level > LEAST_LEVEL:
            result[start : start + len(changed)] = changed * min(_level(said) / level, LOUDEST / loudest)
        rise = np.linspace(0, 1, min(EDGE, len(changed)), dtype=np.float32)
        result[start : start + len(rise)] *= rise
        result[start + len(changed) - len(rise) : start + len(changed)] *= rise[::-1]
        return result

    def pace(self) -> dict[str, Any]:
        """Return the training settings that depend on how much work a sample is."""
        return {"precision": usual_precision()}

    def to_json(self) -> dict[str, Any]:
        """Return what `SpeechInput(**...)` takes, and the kind."""
        return {"kind": self.kind, "rate": self.rate, "bands": self.bands}

    def tensors(self) -> dict[str, Tensor]:
        """Return what was learned of the data's scales: nothing."""
        return {}

    def describe(self) -> str:
        """Say what a model was made from."""
        return f"recordings at {self.rate:,} Hz, {self.bands} mel bands"

    def _levelled(self, samples: np.ndarray) -> np.ndarray:
        level = _level(samples)
        return (samples * (LEVEL / level)).astype(np.float32) if level > LEAST_LEVEL else samples


@contextmanager
def _case_in(cases: list[str]) -> Iterator[None]:
    """Keep the first that is the matter with a recording, to be told with others'; other warnings pass."""
    own: list[str] = []
    with warnings.catch_warnings():
        show = warnings.showwarning

        def keep(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, SoundWarning):
                own.append(str(message))
            else:
                show(message, category, *where, **more)

        warnings.showwarning = keep
        warnings.simplefilter("always", SoundWarning)
        yield
    cases += own[:1]


def _tell(cases: list[str], folder: str | Path) -> None:
    """Tell what is the matter with the recordings of a folder in one warning, by its first case."""
    if cases:
        many = f"{len(cases):,} recordings in {folder} are not as they should be; " if len(cases) > 1 else ""
        warnings.warn(f"{many}{cases[0]}", SoundWarning, stacklevel=3)


def joined(parts: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the changed windows of a recording as one sound: what overlaps is faded over, so that no edge clicks."""
    rise = np.linspace(0, 1, OVERLAP, dtype=np.float32)
    held: np.ndarray | None = None
    for part in parts:
        if held is not None:
            yield held[:-OVERLAP]
            part = np.concatenate([held[-OVERLAP:] * (1 - rise) + part[:OVERLAP] * rise, part[OVERLAP:]])
        held = part
    if held is not None:
        yield held


def _array(sound: Any) -> np.ndarray:
    try:
        return np.asarray(sound)
    except ValueError:  # rows of different lengths
        return np.asarray(sound, dtype=object)


def _level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0


def _quietest(samples: np.ndarray) -> int:
    """Return the middle of the quietest 50 ms."""
    width = 800
    power = np.convolve(np.square(samples), np.ones(width), mode="valid")
    return int(power.argmin()) + width // 2
