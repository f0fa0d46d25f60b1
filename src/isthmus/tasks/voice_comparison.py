"""A conversion beside what it was made from, and the figures that judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.spatial.distance import cdist
from torch import Tensor

from isthmus.networks.mel import speech_weights
from isthmus.networks.speech import SpeakerEncoder, cepstrum
from isthmus.networks.voices import another_voice
from isthmus.tasks.speech_input import Sound, SpeechInput
from isthmus.tasks.verifier import likeness, style_of

__all__ = ["JUDGED", "Comparison", "brightness", "compared", "content_distance"]

JUDGED = 60.0  # seconds of sound in each recording that are judged and shown

COEFFICIENTS = slice(1, 16)  # cepstral: without loudness, and without what only the voice has
SLOPE = (-0.2, -0.1, 0.0, 0.1, 0.2)  # the least-squares slope over five frames
THROATS = (0.8, 0.87, 0.93, 1.0, 1.07, 1.15, 1.25)  # factors by which one speaker's frequencies may be another's
HEARD = 0.05  # weight from which on a frame counts as speech
RANGE = 7.0  # nats below the loudest place that a picture shows
MOST = 3000  # frames compared; the table of an alignment grows with their square


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `VoiceConverter.compare` found.

    Attributes
    ----------
    sounds : mapping of "content", "voice" and "result" to array (samples,)
    mels : the same names to tensor (bands, frames)
    like_target, like_source : float
        How like the result's voice is to the target's and to the source's, from -1 to 1.
    before : float
        How like source and target are.
    content_distance : float
        Between content and result; see `content_distance`.
    other_content : float
        Between content and the recording of the voice, in which something else is said.
    equal_error_rate : float or None
        Of the judge of likeness.
    judged_on : str
        On whom that rate was measured.
    note : str
        Of the result: what its file tells of it.
    """

    sounds: Mapping[str, np.ndarray]
    mels: Mapping[str, Tensor]
    like_target: float
    like_source: float
    before: float
    content_distance: float
    other_content: float
    equal_error_rate: float | None
    judged_on: str
    note: str

    def to_json(self) -> dict[str, float | None]:
        """Return the figures alone."""
        return {
            "like_target": self.like_target, "like_source": self.like_source, "before": self.before,
            "content_distance": self.content_distance, "other_content": self.other_content,
            "equal_error_rate": self.equal_error_rate,
        }  # fmt: skip


def compared(
    heard: SpeechInput, judge: SpeakerEncoder, *, content: Sound, voice: Sound, result: Sound,
    note: str, equal_error_rate: float | None, judged_on: str,
) -> Comparison:  # fmt: skip
    """Judge a result by the first minute of sound in each recording.

    Raises
    ------
    DataError
        Naming the recording that cannot be used.
    """
    sounds = {
        "content": heard.take(content, most=JUDGED, called="the content"),
        "voice": heard.voice(voice, most=JUDGED),
        "result": heard.take(result, most=JUDGED, called="the result"),
    }
    mels = {name: heard.mel(samples) for name, samples in sounds.items()}
    styles = {name: style_of(judge, mel) for name, mel in mels.items()}
    return Comparison(
        sounds, mels,
        like_target=likeness(styles["result"], styles["voice"]),
        like_source=likeness(styles["result"], styles["content"]),
        before=likeness(styles["content"], styles["voice"]),
        content_distance=content_distance(mels["content"], mels["result"]),
        other_content=content_distance(mels["content"], mels["voice"]),
        equal_error_rate=equal_error_rate, judged_on=judged_on, note=note,
    )  # fmt: skip


def content_distance(one: Tensor, other: Tensor) -> float:
    """Return how differently two recordings speak, (bands, frames) each: 0 for the same, about .66 for other words.

    Standardised cepstra and their slopes are compared by the angle between them (one minus its cosine) along the best
    alignment in time (dynamic time warping), with the throat length that fits best (Lee & Rose, 1998):
    the same words by another voice are near, other words by the same voice are not. `benchmarks/running_speech.py`
    shows what it is for the same sentence by two people, for resynthesised speech and for other sentences.
    """
    said = _spoken(one)
    throats = torch.tensor(THROATS)
    ways = [_spoken(way) for way in another_voice(other.expand(len(throats), -1, -1), throats)]
    return min(_aligned(np.nan_to_num(cdist(said, way, "cosine"), nan=1.0)) for way in ways)


def _spoken(mel: Tensor) -> np.ndarray:
    weight = speech_weights(mel[None])[0, 0]
    levels = cepstrum(len(mel))[COEFFICIENTS] @ mel
    slopes = F.conv1d(F.pad(levels[:, None], (2, 2), mode="replicate"), torch.tensor([[SLOPE]]))[:, 0]
    frames = torch.cat([levels, slopes]).T[weight > HEARD][:MOST].numpy()
    standard: np.ndarray = (frames - frames.mean(0)) / (frames.std(0) + 1e-3)
    return standard


def _aligned(cost: np.ndarray) -> float:
    """Return the cheapest way through the table, as a mean over its steps, diagonal by diagonal."""
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for diagonal in range(2, rows + columns + 1):
        i = np.arange(max(1, diagonal - columns), min(rows, diagonal - 1) + 1)
        j = diagonal - i
        here = cost[i - 1, j - 1]  # a step along both costs twice, so that every way is equally long (Sakoe & Chiba)
        total[i, j] = np.minimum(np.minimum(total[i - 1, j], total[i, j - 1]) + here, total[i - 1, j - 1] + 2 * here)
    return float(total[rows, columns] / (rows + columns))


def brightness(mel: np.ndarray) -> np.ndarray:
    """Return mel frames as a picture, low tones at the bottom: (bands, frames) nats -> the same shape in [0, 1]."""
    frames = mel[::-1]
    return np.clip((frames - frames.max()) / RANGE + 1, 0, 1)
