"""A conversion as one HTML page: three players, what their sound looks like, and the figures that judge it."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image

from isthmus.extras import needed
from isthmus.kinds.speech import RATE
from isthmus.reports.page import write_page
from isthmus.reports.pictures import data_url
from isthmus.tasks.voice_comparison import JUDGED, Comparison, brightness

__all__ = ["write_comparison"]

PLAYED = 30  # seconds of each recording that the page holds
TITLES = {
    "content": ("What is said", "the recording that gave the words"),
    "voice": ("In whose voice", "the recording that gave the voice; it says something else"),
    "result": ("The result", "made by Isthmus: the words of the first in the voice of the second"),
}


def write_comparison(found: Comparison, path: str | Path) -> None:
    """Write the page whole or not at all.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    parts = [
        {
            "title": title,
            "story": story,
            "sound": _sound_url(found.sounds[name], found.note if name == "result" else ""),
            "picture": data_url(_picture(found.mels[name].numpy())),
            "seconds": len(found.sounds[name]) / RATE,
        }
        for name, (title, story) in TITLES.items()
    ]
    write_page("voice.html", path, parts=parts, found=found, played=PLAYED, judged=round(JUDGED))


def _sound_url(samples: np.ndarray, note: str) -> str:
    with needed("soundfile", "recordings", extra="speech"):
        import soundfile

    buffer = io.BytesIO()
    peak = max(float(np.abs(samples).max(initial=0.0)), 1e-6)
    with soundfile.SoundFile(buffer, "w", RATE, 1, format="FLAC") as file:
        if note:
            file.comment = note
        file.write(samples[: PLAYED * RATE] * min(1.0, 0.9 / peak))
    return "data:audio/flac;base64," + base64.b64encode(buffer.getvalue()).decode()


def _picture(mel: np.ndarray) -> Image.Image:
    pixels = (mpl.colormaps["magma"](brightness(mel[:, : PLAYED * 80]))[..., :3] * 255).astype(np.uint8)
    return Image.fromarray(pixels).resize((max(360, pixels.shape[1] * 2), 240), Image.Resampling.BILINEAR)
