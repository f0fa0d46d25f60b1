"""Networks that restore a picture of any size at its own scale, told how noisy it is.

picture, noise ──► every 2 × 2 pixels into channels ──► 3 × 3 ──► … ──► 3 × 3 ──► back to pixels ──► + picture
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["PictureEncoder", "ResidualPicture"]


class PictureEncoder(nn.Module):
    """Map a picture and its noise to a map of features at half its side, beside the picture itself.

    Working at half the side is FFDNet's way to a wide view for little work (Zhang et al., 2018, arXiv:1710.04026).

    Parameters
    ----------
    channels : int
        Of the picture.
    width : int
        Channels of the features.
    depth : int
        Residual blocks.
    noise : float
        To assume where none is told.
    """

    def __init__(self, channels: int, width: int, *, depth: int = 4, noise: float = 0.1) -> None:
        super().__init__()
        self.noise = noise
        self.into = nn.Conv2d(4 * channels + 1, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1)
            )
            for _ in range(depth)
        )  # fmt: skip
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Any) -> dict[str, Tensor]:
        """(batch, channels, h, w), alone or as {"x": ..., "noise": (batch, 1, 1, 1)} -> features and picture.

        The sides must be even.
        """
        if isinstance(x, Mapping):
            x, noise = x["x"], x["noise"]
        else:
            noise = x.new_full((len(x), 1, 1, 1), self.noise)
        halved = F.pixel_unshuffle(x, 2)
        told = noise.expand(-1, 1, *halved.shape[2:])
        hidden = F.silu(self.into(torch.cat([halved, told], 1).contiguous(memory_format=torch.channels_last)))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        return {"features": hidden, "picture": x}


class ResidualPicture(nn.Module):
    """Add to the picture what its features say is missing (Zhang et al., 2017, DnCNN, arXiv:1608.03981)."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.out = nn.Conv2d(width, 4 * channels, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, value: Mapping[str, Tensor], given: Mapping[str, Tensor] | None = None) -> Tensor:
        """Features and picture -> (batch, channels, h, w)."""
        return value["picture"] + F.pixel_shuffle(self.out(F.silu(value["features"])), 2)
