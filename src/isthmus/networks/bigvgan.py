"""BigVGAN: a universal neural vocoder with large-scale training (Lee et al., 2023, arXiv:2206.04658): its generator.

    mel ──► [transposed convolution ──► periodic blocks of several reaches, averaged] × n ──► samples

Only to run weights that others trained: names and order of the parameters are those of the published files.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["BigVGAN"]

TAPS = 12  # of the filters around an activation
BETA = 4.6638  # of their Kaiser window: half-width .3, by Kaiser's formula
LEAST = 1e-9  # no amplitude is divided by less


class BigVGAN(nn.Module):
    """Give sound to mel frames.

    Parameters
    ----------
    bands, channels : int
        Bands in, and channels before the first enlargement; every enlargement halves them.
    rates, kernels : sequence of int
        Factor and kernel of every enlargement; the product of the factors is the hop.
    reaches : sequence of int
        Kernels of the blocks that are averaged.
    dilations : sequence of sequence of int
        Of each such block.
    paired : bool
        Whether a convolution without dilation follows each ("resblock": "1").
    separate : bool
        Whether amplitude and frequency of the periodic part are learned apart ("snakebeta").
    logarithmic : bool
        Whether their logarithms are stored.
    bias, tanh : bool
        Of the last layer, and what bounds the sound; without it, it is cut off at 1.
    """

    def __init__(
        self, bands: int, channels: int, rates: Sequence[int], kernels: Sequence[int], reaches: Sequence[int],
        dilations: Sequence[Sequence[int]], *, paired: bool = True, separate: bool = True, logarithmic: bool = True,
        bias: bool = True, tanh: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.tanh = tanh
        self.conv_pre = nn.Conv1d(bands, channels, 7, padding=3)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for rate, kernel in zip(rates, kernels, strict=True):
            enlarge = nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2)
            self.ups.append(nn.Sequential(enlarge))
            channels //= 2
            for reach, steps in zip(reaches, dilations, strict=True):
                self.resblocks.append(_Periodic(channels, reach, steps, paired, separate, logarithmic))
        self.activation_post = _Activation(channels, separate, logarithmic)
        self.conv_post = nn.Conv1d(channels, 1, 7, padding=3, bias=bias)

    def forward(self, mel: Tensor) -> Tensor:
        """(batch, bands, frames) -> (batch, frames * hop)."""
        hidden = self.conv_pre(mel)
        side_by_side = len(self.resblocks) // len(self.ups)
        for at, enlarge in enumerate(self.ups):
            hidden = enlarge(hidden)
            blocks = self.resblocks[at * side_by_side : (at + 1) * side_by_side]
            hidden = sum((block(hidden) for block in blocks[1:]), start=blocks[0](hidden)) / side_by_side
        samples: Tensor = self.conv_post(self.activation_post(hidden))[:, 0]
        return samples.tanh() if self.tanh else samples.clamp(-1, 1)


class _Periodic(nn.Module):
    """Convolutions around which the signal may pass, each after a periodic activation (section 3.3)."""

    def __init__(
        self, channels: int, reach: int, dilations: Sequence[int], paired: bool, separate: bool, logarithmic: bool
    ) -> None:
        super().__init__()

        def conv(dilation: int) -> nn.Conv1d:
            return nn.Conv1d(channels, channels, reach, dilation=dilation, padding=(reach - 1) * dilation // 2)

        first = nn.ModuleList(conv(dilation) for dilation in dilations)
        if paired:
            self.convs1, self.convs2 = first, nn.ModuleList(conv(1) for _ in dilations)
        else:
            self.convs = first
        self.paired = paired
        self.activations = nn.ModuleList(
            _Activation(channels, separate, logarithmic) for _ in range((1 + paired) * len(dilations))
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.paired:
            twos = zip(self.activations[::2], self.convs1, self.activations[1::2], self.convs2, strict=True)
            for act, conv, again, second in twos:
                x = x + second(again(conv(act(x))))
            return x
        for act, conv in zip(self.activations, self.convs, strict=True):
            x = x + conv(act(x))
        return x


class _Activation(nn.Module):
    """x + sin²(αx)/β at twice the rate, so that no overtone folds back (section 3.2)."""

    def __init__(self, channels: int, separate: bool, logarithmic: bool) -> None:
        super().__init__()
        self.act = _Snake(channels, separate, logarithmic)

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        kernel = _low_pass().to(x).expand(channels, 1, TAPS)
        padded = F.pad(x, (TAPS // 2 - 1, TAPS // 2 - 1), mode="replicate")
        spare = (TAPS // 2 - 1) * 2 + (TAPS - 2) // 2
        double = 2 * F.conv_transpose1d(padded, kernel, stride=2, groups=channels)[..., spare:-spare]
        bent = F.pad(self.act(double), (TAPS // 2 - 1, TAPS // 2), mode="replicate")
        return F.conv1d(bent, kernel, stride=2, groups=channels)


class _Snake(nn.Module):
    def __init__(self, channels: int, separate: bool, logarithmic: bool) -> None:
        super().__init__()
        self.logarithmic = logarithmic
        self.alpha = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels)) if separate else None

    def forward(self, x: Tensor) -> Tensor:
        alpha, beta = self.alpha[:, None], (self.alpha if self.beta is None else self.beta)[:, None]
        if self.logarithmic:
            alpha, beta = alpha.exp(), beta.exp()
        return x + (x * alpha).sin().square() / (beta + LEAST)


@cache
def _low_pass() -> Tensor:
    """Return a windowed sinc that passes the lower half, (1, 1, taps), of sum 1."""
    window = torch.kaiser_window(TAPS, beta=BETA, periodic=False)
    taps = window * torch.sinc(torch.arange(TAPS) / 2 - (TAPS - 1) / 4)
    return (taps / taps.sum())[None, None]
