"""Recordings that the tests make."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from isthmus.kinds.made_speech import SPEAKERS, spoken

RATE = 16_000


def folder_of(path: Path, *, words=("aiu", "oea", "uia", "eao", "iou", "aeo"), speakers=tuple(SPEAKERS)) -> Path:
    """Write every word by every speaker, one sub-folder a speaker, as WAV."""
    import soundfile

    for speaker in speakers:
        (path / speaker).mkdir(parents=True)
        for seed, word in enumerate(words):
            quiet = np.zeros(RATE // 5, np.float32)
            samples = np.concatenate([quiet, spoken(word, speaker, seed=seed), quiet])
            soundfile.write(path / speaker / f"{word}.wav", samples, RATE)
    return path
