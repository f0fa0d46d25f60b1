"""Sounds of a language as discrete units: what a sound shares with those most like it, whoever says either.

    said ──► 100 ms around each place ──► nearest entries of a codebook ──► units, the sounds of a language ─┐
    voice ──► pooled over time ──► speaker ──────────────────────────────────────────────────────────────────┴─► said

The codebook of `speech_units` learns to restore frames. It spends its entries on what frames differ by most, pitch and
loudness, and names phones no better than k-means of frames. Here encoder and codebook learn before the decoder, with
`sounds`, that a sound is what it shares with those that are most like it in other recordings (`recipes.onehot`, after
SCAN, arXiv:2005.12320). Then both stay as they are, as AutoVC's speaker encoder does. Units name phones better so, and
what is said stays clearer when the voice changes.
"""

from __future__ import annotations

from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.quantized import Quantized
from isthmus.networks.sounds import Nearness, SoundEncoder
from isthmus.recipes.adain_vc import AnotherVoice
from isthmus.recipes.onehot import Classes
from isthmus.recipes.speech_units import spoken_units

__all__ = ["sounds", "speech_sounds"]

HEARD = 256  # channels of the network that hears sounds


class _Elsewhere(nn.Module):
    """A view: windows of sound as other voices would say them in other rooms, (batch, bands, frames) -> the same."""

    def __init__(self, reach: float, room: float) -> None:
        super().__init__()
        self.other = AnotherVoice(reach, room)

    def forward(self, x: Tensor) -> Tensor:
        return self.other({"said": x})[0]["said"]


def sounds(
    encoder: SoundEncoder,
    *,
    content: int,
    entries: int,
    reach: float = 1.2,
    room: float = 0.3,  # deviations of a band over a recording
    balance: float = 2.0,
    wrong: float = 0.1,  # nearest others are of another phone more often, but hardly of an unlike one
) -> Classes:
    """Return the model of the warm start: windows (batch, bands, `WINDOW`) and their neighbours -> an entry each."""
    return Classes(
        nn.Sequential(encoder.heard, nn.Flatten()),
        _Elsewhere(reach, room),
        content,
        entries,
        balance=balance,
        wrong=wrong,
        head=Nearness(content, entries),
    )


def speech_sounds(
    bands: int = 80,
    *,
    width: int = 192,
    entries: int = 128,
    content: int = 64,  # numbers in an entry
    style: int = 128,
) -> AutoEncoder:
    """Return the auto-encoder {"said", "voice"} -> {"content": units, one every 2 frames, "speaker"} -> said."""
    encoder = SoundEncoder(bands, HEARD, content)
    units = Quantized(entries, content, learned="beforehand")
    return spoken_units(encoder, units, bands, width=width, style=style)
