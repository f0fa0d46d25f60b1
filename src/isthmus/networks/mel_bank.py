"""The bands that frequencies are gathered into: triangles, evenly spaced as hearing is."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["mel_bank"]

BEND, STEP = 1000.0, 200 / 3  # Hz: the Auditory Toolbox's scale is straight below, in steps of so much
GROWTH = math.log(6.4) / 27  # and grows by so much a step above


def mel_bank(
    rate: int, bands: int, window: int, *, lowest: float = 0.0, highest: float | None = None, slaney: bool = False
) -> Tensor:
    """Return the weight of every bin in every band, (bands, bins).

    Parameters
    ----------
    rate : int
        Samples a second.
    bands, window : int
        How many bands; samples in a frame.
    lowest, highest : float
        Hz; by default all there is.
    slaney : bool
        Whether the scale is that of Slaney's Auditory Toolbox and every triangle of area 1, as librosa has it;
        otherwise O'Shaughnessy's scale and triangles of height 1, as HTK has it.
    """
    to_mel, to_hertz = (_slaney, _slaney_hertz) if slaney else (_htk, _htk_hertz)
    ends = torch.tensor([lowest, rate / 2 if highest is None else highest], dtype=torch.float64)
    first, last = to_mel(ends).tolist()
    hertz = to_hertz(torch.linspace(first, last, bands + 2, dtype=torch.float64))
    bins = torch.arange(window // 2 + 1, dtype=torch.float64) * rate / window
    up = (bins - hertz[:-2, None]) / (hertz[1:-1] - hertz[:-2])[:, None]
    down = (hertz[2:, None] - bins) / (hertz[2:] - hertz[1:-1])[:, None]
    bank = torch.minimum(up, down).clamp(min=0)
    return (bank * (2 / (hertz[2:] - hertz[:-2]))[:, None] if slaney else bank).float()


def _htk(hertz: Tensor) -> Tensor:
    return 2595 * torch.log10(1 + hertz / 700)


def _htk_hertz(mel: Tensor) -> Tensor:
    return 700 * (10 ** (mel / 2595) - 1)


def _slaney(hertz: Tensor) -> Tensor:
    above = BEND / STEP + (hertz.clamp(min=BEND) / BEND).log() / GROWTH
    return torch.where(hertz < BEND, hertz / STEP, above)


def _slaney_hertz(mel: Tensor) -> Tensor:
    above = BEND * (GROWTH * (mel - BEND / STEP)).exp()
    return torch.where(mel < BEND / STEP, mel * STEP, above)
