"""Speech-like sound made by a formula: buzzing at a pitch, through the formants of vowels that follow each other.

The source-filter model (Fant, 1960). It is nobody's voice, so it needs nobody's consent.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

__all__ = ["SPEAKERS", "VOWELS", "spoken"]

VOWELS = {  # first three formants, Hz (Peterson & Barney, 1952, men)
    "a": (730, 1090, 2440), "e": (530, 1840, 2480), "i": (270, 2290, 3010), "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}  # fmt: skip
SPEAKERS = {"ada": (210, 1.17), "ben": (110, 1.0), "cleo": (180, 1.1), "dan": (95, 0.94)}  # pitch in Hz, throat
BREATH, WIDTH = 0.003, 90  # share of noise, and Hz that a formant is wide


def spoken(word: str, speaker: str, *, seconds: float = 0.16, seed: int = 0, rate: int = 16_000) -> np.ndarray:
    """Return the vowels of a word said by a speaker, float32 (samples,), each for so many seconds."""
    rng = np.random.default_rng(seed)
    pitch, throat = SPEAKERS[speaker]
    parts = []
    for vowel in word:
        count = round(seconds * rate)
        period = rate / (pitch * rng.uniform(0.96, 1.04))
        sound = np.zeros(count)
        sound[np.arange(0, count, period).astype(int)] = 1.0
        sound += BREATH * rng.standard_normal(count)
        for formant in VOWELS[vowel]:
            radius, angle = np.exp(-np.pi * WIDTH / rate), 2 * np.pi * formant * throat / rate
            sound = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], sound)
        parts.append(sound / np.abs(sound).max() * np.hanning(count) ** 0.3)
    return (0.5 * np.concatenate(parts)).astype(np.float32)
