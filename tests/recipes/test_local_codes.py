"""Places of pictures, each with a law of its own."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_digits

from isthmus.recipes.local_codes import LocalCodes, NormalLaws

DIGITS = torch.from_numpy(load_digits().images).float()[:, None] / 16


@pytest.fixture(scope="module")
def codes():
    torch.manual_seed(0)
    return LocalCodes.fitting(1200, lambda: iter(DIGITS[:1200].split(300)))


def test_a_law_finds_normal_values_as_far_as_there_are_numbers():
    torch.manual_seed(0)
    mixing = torch.eye(5) + 0.3 * torch.randn(3, 5, 5)
    values = torch.einsum("rpi,pij->rpj", torch.randn(4000, 3, 5), mixing) + torch.arange(3.0)[:, None]
    laws = NormalLaws(3, 5)
    laws.learn(values.split(700))
    assert laws(values).mean(0).tolist() == pytest.approx([5.0] * 3, rel=0.05)
    assert (laws(values + 30)).min() > laws(values).max()


def test_the_place_that_was_spoiled_is_the_odd_one(codes):
    normal = DIGITS[1200:1260]
    spoiled = normal.clone()
    spoiled[:, :, :4, :4] = 1 - spoiled[:, :, :4, :4]
    before, after = codes(normal), codes(spoiled)
    assert before.shape == (60, *codes.grid)
    assert (after[:, 0, 0] > 2 * before[:, 0, 0]).float().mean() > 0.9
    assert torch.allclose(after[:, -1, -1], before[:, -1, -1], rtol=1e-3)


def test_a_pixel_is_as_odd_as_the_patches_that_hold_it(codes):
    places = torch.rand(4, *codes.grid)
    pixels = codes.spread(places)
    assert pixels.shape == (4, 8, 8)
    assert torch.allclose(pixels[:, 0, 0], places[:, 0, 0])  # one patch alone holds the corner
    assert (pixels.amax((1, 2)) <= places.amax((1, 2)) + 1e-6).all()
    assert (pixels.amin((1, 2)) >= places.amin((1, 2)) - 1e-6).all()
    wide = LocalCodes((1, 50, 71), 4)  # patches reach over the edges of this one
    assert wide(torch.rand(2, 1, 50, 71)).shape == (2, *wide.grid)
    alike = wide.spread(torch.full((1, *wide.grid), 3.0))
    assert torch.allclose(alike, torch.full((1, 50, 71), 3.0))  # edges, held by fewer, too


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_handful_of_pictures_is_enough_not_to_fail(count):
    few = LocalCodes.fitting(count, lambda: iter([DIGITS[:count]]))
    assert few(DIGITS[50:60]).isfinite().all()
    same = LocalCodes.fitting(count, lambda: iter([torch.zeros(count, 1, 8, 8)]))
    assert same(DIGITS[50:60]).isfinite().all()
