"""Surprise in nats: what a measurement is worth beside what it usually is."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import gumbel_r

from isthmus.tasks.surprise import Surprise


def test_nats_are_those_of_the_tail_of_a_normal_law():
    surprise = Surprise(2)
    measured = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0], [5.0, 50.0]])
    surprise.learn(measured)
    middle = surprise(torch.tensor([[3.0, 30.0]]))[0].tolist()
    assert middle == pytest.approx([math.log(2)] * 2)
    deviation = measured[:, 0].std().item()
    above = surprise(torch.tensor([[3 + 2 * deviation, 30.0]]))[0, 0].item()
    assert above == pytest.approx(-math.log(0.0227501), rel=1e-3)
    assert surprise(torch.tensor([[1e6, 0.0]])).isfinite().all()


def test_the_largest_of_many_has_a_gumbel_law():
    surprise = Surprise(2, largest=1)
    measured = torch.linspace(-2, 2, 41)[:, None].repeat(1, 2)
    surprise.learn(measured)
    scale = measured[:, 0].std().item() * math.sqrt(6) / math.pi
    law = gumbel_r(-0.5772156649 * scale, scale)
    seen = torch.tensor([-30.0, -1.0, 0.0, 1.5, 8.0, 40.0])
    found = surprise(seen[:, None].repeat(1, 2))
    assert found[:, 1].tolist() == pytest.approx([-law.logsf(x) for x in seen.tolist()], rel=1e-3, abs=1e-6)
    assert found[-1, 1] < found[-1, 0]
    assert surprise(torch.tensor([[0.0, 1e6]])).isfinite().all()


def test_who_helped_to_make_a_law_is_judged_without_oneself():
    """With itself in the law the last would be 1.79 deviations off, at most; the others alone find it far away."""
    measured = torch.cat([torch.linspace(-1, 1, 4), torch.tensor([50.0])])[:, None]
    surprise = Surprise(1)
    own = surprise.learn(measured)
    assert own[-1, 0] > 100 > surprise(measured)[-1, 0]


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_measurements_do_not_break_it(count):
    surprise = Surprise(3)
    assert surprise.learn(torch.rand(count, 3)).isfinite().all()
    assert surprise(torch.rand(5, 3)).isfinite().all()
