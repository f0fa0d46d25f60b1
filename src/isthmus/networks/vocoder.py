"""Mel frames to samples by one inverse transform, as Vocos has it (Siuzdak, 2023, arXiv:2306.00814).

    mel (batch, bands, frames) ──► ConvNeXt blocks ──► amplitude and phase of every bin ──► inverse ──► samples

All layers work at the rate of the frames, which makes it far faster than a network that enlarges step by step.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["SpectrogramCritic", "Vocoder", "spectrum"]

EPSILON = 1e-6  # of every layer norm, as in the published models
LOUDEST = 100.0  # greatest amplitude of a bin (section 3.2): no network output can blow up the sound


class Vocoder(nn.Module):
    """Give sound to mel frames.

    Parameters
    ----------
    bands, width : int
    blocks : int
    window, hop : int
        Samples of a frame and between frames: those of the front end.
    """

    hann: Tensor

    def __init__(
        self, bands: int = 80, width: int = 128, *, blocks: int = 6, window: int = 1024, hop: int = 200
    ) -> None:
        super().__init__()
        self.window, self.hop = window, hop
        self.register_buffer("hann", torch.hann_window(window), persistent=False)
        self.first = nn.Conv1d(bands, width, 7, padding=3)
        self.before = nn.LayerNorm(width, eps=EPSILON)
        self.blocks = nn.ModuleList(_ConvNeXt(width) for _ in range(blocks))
        self.after = nn.LayerNorm(width, eps=EPSILON)
        self.last = nn.Linear(width, window + 2)

    def forward(self, mel: Tensor, given: Mapping[str, Tensor] | None = None) -> Tensor:
        """(batch, bands, frames) -> (batch, (frames - 1) * hop)."""
        hidden = self.before((self.first(mel)).transpose(1, 2))
        for block in self.blocks:
            hidden = block(hidden)
        amplitude, phase = self.last(self.after(hidden)).float().transpose(1, 2).chunk(2, 1)
        bins = torch.polar(amplitude.exp().clamp(max=LOUDEST), phase)
        samples: Tensor = torch.istft(bins, self.window, self.hop, window=self.hann, center=True)
        return samples


class SpectrogramCritic(nn.Module):
    """Judge sound by its spectrum at one resolution (UnivNet, Jang et al., 2021, arXiv:2106.07889, section 2.2).

    Parameters
    ----------
    window : int
        Samples in a frame.
    width : int
    """

    def __init__(self, window: int, width: int = 16) -> None:
        super().__init__()
        self.window = window
        sizes = [(1, width, (1, 2)), (width, width, (1, 2)), (width, width, (2, 2)), (width, width, (1, 1))]
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.weight_norm(nn.Conv2d(into, out, (3, 5), stride, (1, 2)))
            for into, out, stride in sizes
        )
        self.last = nn.utils.parametrizations.weight_norm(nn.Conv2d(width, 1, 3, padding=1))

    def forward(self, samples: Tensor) -> list[Tensor]:
        """(batch, samples) -> what every layer sees, the judgement last."""
        hidden = spectrum(samples, self.window).clamp(min=1e-5).log().transpose(1, 2)[:, None]
        seen = []
        for layer in self.layers:
            hidden = F.leaky_relu(layer(hidden), 0.1)
            seen.append(hidden)
        return [*seen, self.last(hidden)]


def spectrum(samples: Tensor, window: int) -> Tensor:
    """Return amplitudes at one resolution, a quarter of the window apart: (batch, samples) -> (batch, bins, frames)."""
    hann = torch.hann_window(window, device=samples.device)
    bins = torch.stft(samples.float(), window, window // 4, window=hann, return_complex=True)
    return (bins.real.square() + bins.imag.square() + 1e-10).sqrt()


class _ConvNeXt(nn.Module):
    """A convolution over time, then two layers over channels, beside which the signal passes (Liu et al., 2022)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.over_time = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.wide, self.narrow = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, width) -> the same."""
        hidden = self.norm(self.over_time(x.transpose(1, 2)).transpose(1, 2))
        result: Tensor = x + self.scale * self.narrow(F.gelu(self.wide(hidden)))
        return result
