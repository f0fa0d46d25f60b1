"""Other views of the same thing: what a code should not care about, or what multiplies a small data set.

Unlike a corruption, a view changes the target, too: a shifted picture is to be restored as it is shifted.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.errors import OptionError

__all__ = ["Noises", "Shifts", "Warps"]

SMALL = 16  # side below which the blur of straight-line interpolation closes the loops of a digit: cubic is used


class Shifts(nn.Module):
    """Move every picture by up to some whole pixels, filling with what the edge has.

    Parameters
    ----------
    pixels : int
    """

    def __init__(self, pixels: int = 1) -> None:
        super().__init__()
        if pixels < 1:
            raise OptionError(f"a shift must be at least 1 pixel, not {pixels}")
        self.pixels = pixels

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, h, w) -> the same, moved."""
        reach, (height, width) = self.pixels, x.shape[2:]
        padded = F.pad(x, [reach] * 4, mode="replicate")
        down, right = torch.randint(2 * reach + 1, (2, len(x), 1), device=x.device)
        rows = (down + torch.arange(height, device=x.device))[:, None, :, None]
        columns = (right + torch.arange(width, device=x.device))[:, None, None, :]
        batch = torch.arange(len(x), device=x.device)[:, None, None, None]
        channel = torch.arange(x.shape[1], device=x.device)[None, :, None, None]
        return padded[batch, channel, rows, columns]


class Warps(nn.Module):
    """Turn, scale, slant and move pictures, and change their light, each a little and at random.

    What comes in from outside has the ground's colour: the median of the picture's edge.

    Parameters
    ----------
    turn : float
        Greatest angle, degrees.
    scale, slant, move : float
        Greatest log ratio of sizes, shear, and way as a share of half the picture.
    mirror : bool
        Whether left and right may be exchanged: not for letters and digits.
    light : float
        Greatest log ratio of brightness.
    """

    def __init__(
        self,
        *,
        turn: float = 20.0,
        scale: float = 0.2,
        slant: float = 0.25,
        move: float = 0.12,
        mirror: bool = False,
        light: float = 0.0,
    ) -> None:
        super().__init__()
        self.turn, self.scale, self.slant, self.move = math.radians(turn), scale, slant, move
        self.mirror, self.light = mirror, light

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, h, w) in [0, 1] -> the same."""

        def within(most: float) -> Tensor:
            return (torch.rand(len(x), device=x.device) * 2 - 1) * most

        angle, wide, high = within(self.turn), within(self.scale).exp(), within(self.scale).exp()
        cosine, sine = angle.cos(), angle.sin()
        first = torch.stack([wide * cosine, -wide * sine + within(self.slant), within(self.move)], 1)
        if self.mirror:
            first = first * torch.where(torch.rand(len(x), 1, device=x.device) < 0.5, -1.0, 1.0)
        second = torch.stack([high * sine, high * cosine, within(self.move)], 1)
        grid = F.affine_grid(torch.stack([first, second], 1), list(x.shape), align_corners=False)
        ground = _ground(x)
        if min(x.shape[2:]) < SMALL:
            x = (F.grid_sample(x - ground, grid, mode="bicubic", align_corners=False) + ground).clamp(0, 1)
        else:
            x = F.grid_sample(x - ground, grid, align_corners=False) + ground
        if self.light:
            x = (x * within(self.light).exp()[:, None, None, None]).clamp(0, 1)
        return x


def _ground(x: Tensor) -> Tensor:
    """Return the median of each picture's edge, a channel each: (batch, channels, h, w) -> (batch, channels, 1, 1)."""
    edge = torch.cat([x[..., 0, :], x[..., -1, :], x[..., 0], x[..., -1]], 2)
    return edge.median(2).values[..., None, None]


class Noises(nn.Module):
    """Numbers of a table seen again: a little noise, and a share of them taken from other rows.

    Parameters
    ----------
    deviation : float
    swapped : float
        Share of the numbers.
    """

    def __init__(self, deviation: float = 0.1, swapped: float = 0.1) -> None:
        super().__init__()
        self.deviation, self.swapped = deviation, swapped

    def forward(self, x: Tensor) -> Tensor:
        """(batch, features) -> the same."""
        other = x.gather(0, torch.randint(len(x), x.shape, device=x.device))
        x = torch.where(torch.rand(x.shape, device=x.device) < self.swapped, other, x)
        return x + self.deviation * torch.randn_like(x)
