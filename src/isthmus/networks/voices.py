"""Other voices for what was said, made on the mel axis: what a content code should not depend on."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["another_room", "another_voice"]


def another_voice(mel: Tensor, factor: Tensor, *, highest: float = 8000.0) -> Tensor:
    """Scale all frequencies, pitch and formants alike, as a shorter or longer throat would.

    Parameters
    ----------
    mel : tensor (batch, bands, frames)
    factor : tensor (batch,)
        Above 1 all frequencies rise.
    highest : float
        Hz of the last band's upper edge.
    """
    bands = mel.shape[1]
    top = 2595 * math.log10(1 + highest / 700)
    centre = torch.arange(1, bands + 1, device=mel.device) * (top / (bands + 1))
    hertz = 700 * (10 ** (centre / 2595) - 1)
    source = 2595 * torch.log10(1 + hertz / factor[:, None] / 700) * ((bands + 1) / top) - 1
    source = source.clamp(0, bands - 1)
    low = source.floor().long().clamp(max=bands - 2)
    part = (source - low)[..., None]
    below = mel.gather(1, low[..., None].expand_as(mel))
    above = mel.gather(1, (low + 1)[..., None].expand_as(mel))
    return torch.lerp(below, above, part)


def another_room(mel: Tensor, deviation: float) -> Tensor:
    """Add a smooth random curve over the bands, the same in all frames: another microphone, another room.

    (batch, bands, frames) -> the same shape; `deviation` in nats.
    """
    knots = torch.randn(len(mel), 1, 8, device=mel.device, dtype=mel.dtype) * deviation
    curve = torch.nn.functional.interpolate(knots, mel.shape[1], mode="linear", align_corners=True)
    return mel + curve.transpose(1, 2)
