"""A network that hears which sound of a language stands where, and nothing but a tenth of a second around it.

mel (batch, bands, frames) ──► standardised ──► windows of 8 frames, one every 2 ──► a vector each
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.networks.speech import cepstrum, standardised

__all__ = ["STRIDE", "WINDOW", "Nearness", "SoundEncoder", "shapes", "windows"]

WINDOW, STRIDE = 8, 2  # frames: 100 ms around a sound, one every 25 ms
COEFFICIENTS = 13  # of the cepstrum that sounds are compared by: throat and mouth, hardly the pitch
LEAST = 1e-3  # nats; no coefficient of a recording has a smaller deviation


class SoundEncoder(nn.Module):
    """Describe the sound at every place.

    Parameters
    ----------
    bands, width, out : int
        Channels in, within and out.
    """

    stride = STRIDE

    def __init__(self, bands: int, width: int, out: int) -> None:
        super().__init__()
        self.heard = nn.Sequential(
            nn.Conv1d(bands, width, WINDOW, stride=STRIDE),
            nn.SiLU(),
            nn.Conv1d(width, width, 1),
            nn.SiLU(),
            nn.Conv1d(width, out, 1),
        )

    def forward(self, mel: Tensor) -> Tensor:
        """(batch, bands, frames) -> (batch, out, frames / 2)."""
        return F.silu(self.heard(_surrounded(standardised(mel))))


class Nearness(nn.Module):
    """Logits by how near each entry of a codebook is, −½ |x − entry|²: the likeliest is the nearest.

    Parameters
    ----------
    width, entries : int
        Numbers in an entry; how many there are.
    """

    def __init__(self, width: int, entries: int) -> None:
        super().__init__()
        self.codebook = nn.Parameter(torch.randn(entries, width))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width) -> (batch, entries)."""
        return -0.5 * torch.cdist(x.float(), self.codebook.float()).square()


def windows(mel: Tensor) -> Tensor:
    """Cut a recording into what `SoundEncoder.heard` reads, (bands, frames) -> (frames / 2, bands, WINDOW)."""
    return _cut(standardised(mel[None]))


def shapes(mel: Tensor) -> Tensor:
    """Return what sounds are compared by, (bands, frames) -> (frames / 2, COEFFICIENTS * WINDOW).

    The first cepstral coefficients in a window, each in its own deviations over the recording.
    """
    found = cepstrum(len(mel))[:COEFFICIENTS] @ mel
    deviation, mean = torch.std_mean(found, 1, keepdim=True)
    return _cut(((found - mean) / (deviation + LEAST))[None]).flatten(1)


def _surrounded(x: Tensor) -> Tensor:
    before = (WINDOW - STRIDE) // 2
    return F.pad(x, (before, WINDOW - STRIDE - before), mode="replicate")


def _cut(x: Tensor) -> Tensor:
    return _surrounded(x)[0].unfold(1, WINDOW, STRIDE).transpose(0, 1)
