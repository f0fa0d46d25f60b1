"""Networks over mel frames: what is said, whose voice it is, and both together again.

    mel (batch, bands, frames) ──► standardised ──► convolutions, instance norms ──► content, a vector every few frames
    mel of any other recording ──► its own mean and deviation, convolutions, pooled ──► speaker, one vector
    content, speaker ──► convolutions, adaptive instance norms ──► the speaker's mean and deviations put back ──► mel

An instance norm takes the statistics of a recording away, and an adaptive one puts those of another in: what stays the
same over a whole recording is the voice and the room (Chou et al., 2019, arXiv:1904.05742, section 2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.networks.mel import speech_weights

__all__ = [
    "TOGETHER",
    "AdaptiveDecoder",
    "ContentEncoder",
    "FrameCritic",
    "SpeakerEncoder",
    "SplitEncoder",
    "cepstrum",
    "standardised",
    "statistics",
]

TOGETHER = 8  # frames; recordings are a multiple of them, so that every product of strides divides them
WIDEST = 4.0  # deviations; silence lies far below what is said, and nobody need know how far
LEAST, LEAST_SPREAD = 0.1, 0.02  # nats; no band, or coefficient, of a recording has a smaller deviation


def statistics(mel: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and deviation of each band where there is speech, (batch, bands, frames) -> two (batch, bands, 1)."""
    return _weighted(mel, speech_weights(mel))


def standardised(mel: Tensor) -> Tensor:
    """Return every band in its own deviations where there is speech, at most `WIDEST`.

    (batch, bands, frames) -> the same.
    """
    mean, deviation = statistics(mel)
    return ((mel - mean) / deviation).clamp(-WIDEST, WIDEST)


def cepstrum(bands: int) -> Tensor:
    """Return the orthonormal cosine transform over the bands, (coefficients, bands): its transpose undoes it."""
    at = torch.arange(bands, dtype=torch.float64)
    matrix = torch.cos(math.pi / bands * at[:, None] * (at + 0.5)) * math.sqrt(2 / bands)
    matrix[0] /= math.sqrt(2)
    return matrix.float()


def _weighted(x: Tensor, weight: Tensor, least: float = LEAST) -> tuple[Tensor, Tensor]:
    total = weight.sum(2, keepdim=True)
    mean = (x * weight).sum(2, keepdim=True) / total
    variance = ((x - mean).square() * weight).sum(2, keepdim=True) / total
    return mean, (variance + least**2).sqrt()


class ContentEncoder(nn.Module):
    """Say what is said.

    Parameters
    ----------
    bands, width, out : int
        Channels in, within and out.
    strides : sequence of int
        Of each block; their product is how many frames one vector of content stands for.
    normed : bool
        Whether every statistic of the recording is taken away, by instance norms. Otherwise only its loudness is.
    """

    def __init__(
        self, bands: int, width: int, out: int, *, strides: Sequence[int] = (1, 2, 2, 1), normed: bool = True
    ) -> None:
        super().__init__()
        self.normed, self.stride = normed, math.prod(strides)
        self.first = nn.Conv1d(bands, width, 5, padding=2)
        self.blocks = nn.ModuleList(_Block(width, stride=stride) for stride in strides)
        norm = nn.InstanceNorm1d if normed else nn.Identity
        self.norms = nn.ModuleList(norm(width) for _ in strides)
        self.last = nn.Conv1d(width, out, 1)
        self.bound = norm(out)

    def forward(self, mel: Tensor) -> Tensor:
        """(batch, bands, frames) -> (batch, out, frames / product of the strides)."""
        if self.normed:
            told = standardised(mel)
        else:
            told = ((mel - statistics(mel)[0].mean(1, keepdim=True)) / 2).clamp(-WIDEST, WIDEST)
        hidden = self.first(told)
        for block, norm in zip(self.blocks, self.norms, strict=True):
            hidden = norm(block(hidden))
        result: Tensor = self.bound(self.last(F.silu(hidden)))
        return result


class SpeakerEncoder(nn.Module):
    """Say whose voice it is: the recording's own statistics, and a learned vector.

    Mean and deviation are of every band; the spread is the deviation of every cepstral coefficient, which tells how
    sharply somebody speaks.

    Parameters
    ----------
    bands, width, out : int
    blocks : int
    """

    cepstrum: Tensor

    def __init__(self, bands: int, width: int, out: int, *, blocks: int = 4) -> None:
        super().__init__()
        self.register_buffer("cepstrum", cepstrum(bands), persistent=False)
        self.first = nn.Conv1d(bands, width, 5, padding=2)
        self.blocks = nn.ModuleList(_Block(width, stride=2 if at % 2 else 1) for at in range(blocks))
        self.last = nn.Sequential(nn.Linear(2 * width + 2 * bands, width), nn.SiLU(), nn.Linear(width, out))

    def forward(self, mel: Tensor) -> dict[str, Tensor]:
        """(batch, bands, frames) -> {"mean", "deviation", "spread": (batch, bands), "style": (batch, out)}."""
        loud = speech_weights(mel)
        mean, deviation = _weighted(mel, loud)
        _, spread = _weighted(self.cepstrum @ mel, loud, LEAST_SPREAD)
        hidden = self.first((mel - mean) / 2)
        for block in self.blocks:
            hidden = block(hidden)
        weight = F.adaptive_avg_pool1d(loud, hidden.shape[2])
        weight = weight / weight.sum(2, keepdim=True)
        centre = (hidden * weight).sum(2, keepdim=True)
        around = ((hidden - centre).square() * weight).sum(2).clamp(min=1e-6).sqrt()
        level = mean.mean(1, keepdim=True)  # how loud somebody speaks is not his voice
        told = torch.cat([centre[..., 0], around, (mean - level)[..., 0], deviation[..., 0]], 1)
        scales = {"mean": mean[..., 0], "deviation": deviation[..., 0], "spread": spread[..., 0]}
        return scales | {"style": self.last(told)}


class SplitEncoder(nn.Module):
    """Two encoders side by side: {"said": mel, "voice": mel} -> {"content": ..., "speaker": ...}."""

    def __init__(self, content: nn.Module, speaker: nn.Module) -> None:
        super().__init__()
        self.content, self.speaker = content, speaker

    def forward(self, x: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Read what is said off the one, and the voice off the other."""
        return {"content": self.content(x["said"]), "speaker": self.speaker(x["voice"])}


class AdaptiveDecoder(nn.Module):
    """Say the content in the speaker's voice.

    A mean over all that might have been said is smoother than speech. So, except in training, mean and deviation of
    every cepstral coefficient over the recording are brought towards the speaker's own (the global variance of Toda,
    Black & Tokuda, 2007).

    Parameters
    ----------
    content, style : int
        Channels of the content, numbers of the style.
    width, bands : int
        Channels within and out.
    doublings : int
        How often the frames are doubled on the way.
    blocks : int
    jitter : float
        In training, the chance that a vector of content is that of a neighbouring place instead (Chorowski et al.,
        2019, arXiv:1901.08810, section II-D): what a vector says may not hang on its exact place.
    residual : bool
        Whether a second network adds what the first leaves out; it starts at nothing, and does not learn until asked.
    fullness : float
        How far deviations are brought to the speaker's, from 0 (not at all) to 1.
    """

    cepstrum: Tensor

    def __init__(
        self, content: int, style: int, width: int, bands: int, *, doublings: int = 2, blocks: int = 6,
        jitter: float = 0.0, residual: bool = False, fullness: float = 0.5,
    ) -> None:  # fmt: skip
        super().__init__()
        self.jitter, self.fullness = jitter, fullness
        self.register_buffer("cepstrum", cepstrum(bands), persistent=False)
        self.frames = _Frames(content, style, width, bands, doublings, blocks)
        self.residual = _Frames(content, style, width, bands, doublings, blocks) if residual else None
        if self.residual is not None:
            nn.init.zeros_(self.residual.last.weight)
            self.residual.requires_grad_(False)

    def forward(self, value: Mapping[str, Any], given: Mapping[str, Tensor] | None = None) -> Tensor:
        """{"content": (batch, content, places), "speaker": ...} -> (batch, bands, frames)."""
        standard, residual = self.parts(value)
        return self.voiced(standard if residual is None else standard + residual, value["speaker"])

    def parts(self, value: Mapping[str, Any]) -> tuple[Tensor, Tensor | None]:
        """Return the frames in the speaker's own deviations, and what the second network adds to them.

        As `forward` takes them -> twice (batch, bands, frames); None without a second network.
        """
        content, style = value["content"], value["speaker"]["style"]
        if self.training and self.jitter:
            content = _jittered(content, self.jitter)
        return self.frames(content, style), None if self.residual is None else self.residual(content, style)

    def voiced(self, standard: Tensor, speaker: Mapping[str, Tensor]) -> Tensor:
        """Put the speaker's mean and deviations back, (batch, bands, frames) -> the same."""
        mean, deviation = speaker["mean"][..., None], speaker["deviation"][..., None]
        said: Tensor = mean + deviation * standard
        return said if self.training or not self.fullness else self._full(said, mean, speaker["spread"][..., None])

    def _full(self, said: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
        around = self.cepstrum @ (said - mean)
        centre, own = _weighted(around, speech_weights(said), LEAST_SPREAD)
        full = (1 - self.fullness) * centre + (around - centre) * (spread / own) ** self.fullness
        full[:, 0] = around[:, 0]  # loudness rises and falls as it was said
        result: Tensor = mean + self.cepstrum.T @ full
        return result


class FrameCritic(nn.Module):
    """Judge a whole sequence by its frames, (batch, channels, frames) -> (batch, out)."""

    def __init__(self, channels: int, width: int, out: int, *, strides: Sequence[int] = (1, 2, 2)) -> None:
        super().__init__()
        self.first = nn.Conv1d(channels, width, 5, padding=2)
        self.blocks = nn.ModuleList(_Block(width, stride=stride) for stride in strides)
        self.last = nn.Sequential(nn.Linear(2 * width, width), nn.SiLU(), nn.Linear(width, out))

    def forward(self, x: Tensor) -> Tensor:
        """Pool means and deviations over the frames, and judge them."""
        hidden = self.first(x)
        for block in self.blocks:
            hidden = block(hidden)
        spread = hidden.var(2, correction=0).clamp(min=1e-6).sqrt()
        result: Tensor = self.last(torch.cat([hidden.mean(2), spread], 1))
        return result


class _Frames(nn.Module):
    """Content and style -> standardised frames: convolutions and adaptive instance norms."""

    def __init__(self, content: int, style: int, width: int, bands: int, doublings: int, blocks: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(content, width, 3, padding=1)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(blocks))
        self.norms = nn.ModuleList(_Adaptive(width, style) for _ in range(blocks))
        self.enlarge = (1, 3, 4)[:doublings]  # after which blocks the frames are doubled
        self.last = nn.Conv1d(width, bands, 5, padding=2)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        hidden = self.first(content)
        for at, (block, norm) in enumerate(zip(self.blocks, self.norms, strict=True)):
            hidden = norm(block(hidden), style)
            if at in self.enlarge:
                hidden = F.interpolate(hidden, scale_factor=2.0, mode="nearest")
        result: Tensor = self.last(F.silu(hidden))
        return result


def _jittered(x: Tensor, share: float) -> Tensor:
    """Replace a share of the places by one of their neighbours, (batch, channels, places) -> the same."""
    places = x.shape[2]
    drawn = torch.rand(len(x), places, device=x.device)
    step = (drawn < share / 2).long() - (drawn > 1 - share / 2).long()
    index = (torch.arange(places, device=x.device) + step).clamp(0, places - 1)
    return x.gather(2, index[:, None].expand_as(x))


class _Block(nn.Module):
    """Two convolutions around which the signal may pass; the frames may be halved."""

    def __init__(self, width: int, *, stride: int = 1) -> None:
        super().__init__()
        self.one = nn.Conv1d(width, width, 5, padding=2)
        self.two = nn.Conv1d(width, width, 5, stride=stride, padding=2)
        self.stride = stride
        nn.init.zeros_(self.two.weight)  # starts as no block at all
        assert self.two.bias is not None
        nn.init.zeros_(self.two.bias)

    def forward(self, x: Tensor) -> Tensor:
        past = F.avg_pool1d(x, self.stride, ceil_mode=True) if self.stride > 1 else x
        result: Tensor = past + self.two(F.silu(self.one(F.silu(x))))
        return result


class _Adaptive(nn.Module):
    """An instance norm whose scale and shift a style gives."""

    def __init__(self, width: int, style: int) -> None:
        super().__init__()
        self.norm = nn.InstanceNorm1d(width)
        self.told = nn.Linear(style, 2 * width)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scale, shift = self.told(style)[..., None].chunk(2, 1)
        result: Tensor = self.norm(x) * (1 + scale) + shift
        return result
