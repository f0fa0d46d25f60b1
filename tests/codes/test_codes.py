import math

import pytest
import torch

from isthmus.codes.gaussian import Gaussian
from isthmus.codes.vector import Vector
from tests.enumerable import Symbol
from tests.laws import CodeLaws


class TestVector(CodeLaws):
    make, features = staticmethod(Vector), torch.randn(32, 6)


class TestGaussian(CodeLaws):
    make, features = staticmethod(lambda: Gaussian(4)), torch.randn(32, 8)


class TestSampledGaussian(CodeLaws):
    make, features = staticmethod(lambda: Gaussian(4, sampled_rate=True, beta=2, free_nats=1)), torch.randn(32, 8)


class TestSymbol(CodeLaws):
    make, features = staticmethod(lambda: Symbol(5)), torch.randn(32, 5)


def test_a_gaussian_costs_its_divergence_by_hand():
    mean, deviation = 0.5, 2.0
    features = torch.tensor([[mean, 0.0, 2 * math.log(deviation), 0.0]])  # second number is the prior itself: free
    by_hand = 0.5 * (mean**2 + deviation**2 - 1 - 2 * math.log(deviation))
    assert Gaussian(2)(features).rate.item() == pytest.approx(by_hand)


def test_the_sampled_rate_has_the_analytic_one_as_its_mean():
    torch.manual_seed(0)
    features = torch.tensor([[0.5, -1.0, 0.7, -0.3]]).repeat(200_000, 1)
    sampled = Gaussian(2, sampled_rate=True)(features).rate
    assert sampled.mean().item() == pytest.approx(Gaussian(2)(features).rate[0].item(), abs=0.02)


def test_beta_and_free_nats_are_penalties_and_leave_the_price_alone():
    features = torch.randn(16, 8)
    plain, weighted = Gaussian(4)(features), Gaussian(4, beta=4.0)(features)
    assert torch.equal(plain.rate, weighted.rate)
    torch.testing.assert_close(weighted.penalty, 3 * plain.rate)
    free = Gaussian(4, free_nats=100.0)(features)
    torch.testing.assert_close(free.rate + free.penalty, torch.full((16,), 100.0))
