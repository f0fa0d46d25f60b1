"""Sources whose law is known, so that what every sample of them costs at the least is known, too."""

from __future__ import annotations

import math

import torch

from isthmus.code import Batch

SHADES = 8


def shades(count: int, seed: int, *, noise: float, brightest: float = 1.0) -> tuple[Batch, torch.Tensor]:
    """Pictures of one of eight shades of grey under normal noise: (count, 1, 8, 8), and the nats of each."""
    chance = torch.Generator().manual_seed(seed)
    levels = torch.linspace(0, brightest, SHADES)
    shade = levels[torch.randint(SHADES, (count, 1), generator=chance)]
    x = shade + noise * torch.randn(count, 64, generator=chance)
    each = -0.5 * ((x[..., None] - levels) / noise).square().sum(1) - 64 * math.log(noise * math.sqrt(2 * math.pi))
    return Batch(x.view(-1, 1, 8, 8)), math.log(SHADES) - each.logsumexp(1)


def speckles(count: int, seed: int) -> tuple[Batch, torch.Tensor]:
    """Pictures of black and white pixels, white at one of eight chances: (count, 1, 8, 8), and the nats of each."""
    chance = torch.Generator().manual_seed(seed)
    whites = torch.linspace(0.02, 0.98, SHADES)
    white = whites[torch.randint(SHADES, (count, 1), generator=chance)]
    x = (torch.rand(count, 64, generator=chance) < white).float()
    on = x.sum(1, keepdim=True)
    each = on * whites.log() + (64 - on) * (1 - whites).log()
    return Batch(x.view(-1, 1, 8, 8)), math.log(SHADES) - each.logsumexp(1)


def corners(count: int, seed: int, *, right: float = 0.8) -> tuple[Batch, torch.Tensor]:
    """Points near the corners of a square, and classes that mostly are their corner: the nats of the class alone."""
    chance = torch.Generator().manual_seed(seed)
    corner = torch.randint(4, (count,), generator=chance)
    x = torch.stack([corner % 2, corner // 2], 1) + 0.1 * torch.randn(count, 2, generator=chance)
    away = torch.randint(1, 4, (count,), generator=chance) * (torch.rand(count, generator=chance) > right)
    nats = torch.where(away == 0, -math.log(right), -math.log((1 - right) / 3))
    return Batch(x, {"class": (corner + away) % 4}), nats


def maps(count: int, seed: int, *, alike: float = 0.9) -> tuple[Batch, torch.Tensor]:
    """Maps of 2 x 2 indices of four; the first is any, the others mostly the same: (count, 2, 2), and the nats."""
    chance = torch.Generator().manual_seed(seed)
    first = torch.randint(4, (count, 1), generator=chance)
    away = torch.randint(1, 4, (count, 3), generator=chance) * (torch.rand(count, 3, generator=chance) > alike)
    nats = math.log(4) + torch.where(away == 0, -math.log(alike), -math.log((1 - alike) / 3)).sum(1)
    return Batch(torch.cat([first, (first + away) % 4], 1).view(-1, 2, 2)), nats


def plane(count: int, seed: int, *, noise: float = 1.0) -> tuple[Batch, torch.Tensor]:
    """Points of six numbers near a plane, normal in all: (count, 6), and the nats of each."""
    chance = torch.Generator().manual_seed(seed)
    loading = torch.tensor([[3.0, 2.0, 0.0, -1.0, 0.0, 1.0], [0.0, 1.0, 3.0, 0.0, -2.0, 1.0]])
    x = torch.randn(count, 2, generator=chance) @ loading + noise * torch.randn(count, 6, generator=chance)
    law = torch.distributions.MultivariateNormal(torch.zeros(6), loading.T @ loading + noise**2 * torch.eye(6))
    return Batch(x), -law.log_prob(x)
