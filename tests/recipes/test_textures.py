"""Textures: too little of a stroke is as odd as too much, wherever it is."""

from __future__ import annotations

import pytest
import torch

from isthmus.recipes.local_codes import LocalCodes
from isthmus.recipes.textures import Textures

SHAPE = (1, 48, 48)


def pictures(count: int, seed: int) -> torch.Tensor:
    """Rough grey surfaces."""
    return 0.5 + 0.1 * torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def strokes():
    torch.manual_seed(0)
    return LocalCodes.fitting(200, lambda: iter(pictures(200, 0).split(100)), patch=5)


@pytest.fixture(scope="module")
def textures(strokes):
    learned = Textures(strokes.numbers)
    learned.learn(strokes.whitened(part) for part in pictures(200, 0).split(100))
    return learned


def test_flat_and_rough_pictures_are_both_odder_than_normal_ones(strokes, textures):
    normal, *odd = (
        textures(strokes.whitened(0.5 + (pictures(50, seed) - 0.5) * by)) for seed, by in ((1, 1), (2, 0.5), (2, 2))
    )
    assert normal.max() < min(kind.min() for kind in odd)


def test_places_alone_would_take_the_flat_ones_for_the_most_normal(strokes):
    flat = 0.5 + (pictures(50, 2) - 0.5) * 0.5
    assert strokes(flat).mean() < strokes(pictures(50, 1)).mean()


def test_large_pictures_get_fewer_places_and_not_more_memory():
    wide = LocalCodes((3, 512, 512), 60, patch=17)
    assert sum(buffer.numel() for buffer in wide.buffers()) < 5_000_000
    heat = wide.spread(torch.ones(1, *wide.grid))
    assert heat.shape == (1, 512, 512)
    assert (heat > 0).all()  # no pixel lies between the patches
