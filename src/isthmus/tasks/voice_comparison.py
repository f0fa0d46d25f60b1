"""A conversion beside what it was made from, and the figures that judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from torch import Tensor

from isthmus.networks.mel import speech_weights
from isthmus.networks.speech import cepstrum

__all__ = ["Comparison", "content_distance"]

COEFFICIENTS = slice(1, 20)  # cepstral: without loudness, and without what only the voice has
HEARD = 0.05  # weight from which on a frame counts as speech
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
    """

    sounds: Mapping[str, np.ndarray]
    mels: Mapping[str, Tensor]
    like_target: float
    like_source: float
    before: float
    content_distance: float
    other_content: float
    equal_error_rate: float | None

    def to_json(self) -> dict[str, float | None]:
        """Return the figures alone."""
        return {
            "like_target": self.like_target, "like_source": self.like_source, "before": self.before,
            "content_distance": self.content_distance, "other_content": self.other_content,
            "equal_error_rate": self.equal_error_rate,
        }  # fmt: skip


def content_distance(one: Tensor, other: Tensor) -> float:
    """Return how differently two recordings speak, (bands, frames) each: 0 for the same, about 1.2 for other words.

    The mean distance of standardised cepstra along the best alignment in time (dynamic time warping), per coefficient.
    `benchmarks/running_speech.py` shows what it is for the same sentence by other people, for resynthesised speech and
    for other sentences.
    """
    cost = cdist(_spoken(one), _spoken(other)) / np.sqrt(COEFFICIENTS.stop - COEFFICIENTS.start)
    return _aligned(cost)


def _spoken(mel: Tensor) -> np.ndarray:
    weight = speech_weights(mel[None])[0, 0]
    frames = (cepstrum(len(mel))[COEFFICIENTS] @ mel).T[weight > HEARD][:MOST].numpy()
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
