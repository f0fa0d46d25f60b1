import math
from types import MappingProxyType

import pytest
import torch

from isthmus.codes.binary import Bits
from isthmus.codes.gaussian import Gaussian
from isthmus.codes.mixture import Mixture
from isthmus.codes.onehot import OneHot
from isthmus.codes.quantized import FiniteScalars, Quantized
from isthmus.codes.split import Split
from isthmus.codes.vector import Vector
from tests.enumerable import Symbol
from tests.laws import CodeLaws


class TestVector(CodeLaws):
    make, features = staticmethod(Vector), torch.randn(32, 6)


class TestGaussian(CodeLaws):
    make, features = staticmethod(lambda: Gaussian(4)), torch.randn(32, 8)


class TestSampledGaussian(CodeLaws):
    make, features = staticmethod(lambda: Gaussian(4, sampled_rate=True, beta=2, free_nats=1)), torch.randn(32, 8)


def with_a_law_of_its_own() -> Gaussian:
    code = Gaussian(4)
    code.prior = Mixture(3, 4)
    return code


class TestGaussianWithAMixture(CodeLaws):
    make, features = staticmethod(with_a_law_of_its_own), torch.randn(32, 8)


class TestBits(CodeLaws):
    make, features = staticmethod(lambda: Bits(8, balance=1.0)), torch.randn(32, 8)


class TestOneHot(CodeLaws):
    make, features = staticmethod(lambda: OneHot(5, balance=1.0)), torch.randn(32, 5)


class TestCodebookByAverages(CodeLaws):
    make, features = staticmethod(lambda: Quantized(16, 4).eval()), torch.randn(8, 4, 3, 3)


class TestSplit(CodeLaws):
    make = staticmethod(lambda: Split(content=Quantized(16, 4).eval(), style=Bits(3)))
    features = MappingProxyType({"content": torch.randn(8, 4, 3), "style": torch.randn(8, 3)})


class TestCodebookByGradient(CodeLaws):
    make, features = staticmethod(lambda: Quantized(16, 4, learned="gradient").eval()), torch.randn(8, 4, 3, 3)


class TestFiniteScalars(CodeLaws):
    make, features = staticmethod(lambda: FiniteScalars([8, 5, 4])), torch.randn(32, 3, 2)


class TestSymbol(CodeLaws):
    make, features = staticmethod(lambda: Symbol(5)), torch.randn(32, 5)


def test_a_mixture_that_is_the_standard_law_costs_what_that_costs():
    features, codes = torch.randn(32, 8), []
    for code in (Gaussian(4, sampled_rate=True), with_a_law_of_its_own()):
        torch.manual_seed(0)
        codes.append(code(features))
    torch.testing.assert_close(codes[0].value, codes[1].value)
    torch.testing.assert_close(codes[0].rate, codes[1].rate)


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


def test_a_codebook_learns_where_the_data_are_and_wastes_no_entry():
    torch.manual_seed(0)
    centres = torch.randn(32, 2) * 5
    for learned in ("averages", "gradient"):
        code = Quantized(32, 2, learned=learned)
        for _ in range(300):
            points = centres[torch.randint(32, (256,))] + 0.01 * torch.randn(256, 2)
            found = code(points)
            if learned == "gradient":
                (pull,) = torch.autograd.grad(found.penalty.mean(), code.codebook)
                code.codebook.data -= 5 * pull
        code.eval()
        assert code.usage(code(points).symbols) > 0.9, learned
        assert (code.centre(points) - points).square().sum(1).mean() < 0.08 * points.square().sum(1).mean(), learned


def test_every_level_of_finite_scalars_can_be_reached_and_named():
    code = FiniteScalars([8, 5, 4])
    torch.manual_seed(0)
    found = code(torch.randn(20_000, 3) * 3)
    assert code.usage(found.symbols) == 1
    assert found.symbols.max() == 159
    every = torch.arange(160)
    assert torch.equal(code.value_of(found.symbols), found.value)
    assert len(code.value_of(every).unique(dim=0)) == 160
    assert found.value.abs().max() <= 1


def test_bits_are_drawn_by_their_chance_and_an_even_choice_is_free():
    torch.manual_seed(0)
    drawn = Bits(1)(torch.full((50_000, 1), math.log(3.0))).symbols  # chance 3/4
    assert drawn.float().mean().item() == pytest.approx(0.75, abs=0.01)
    sure = OneHot(4).eval()(torch.tensor([[0.0, 0, 0, 0], [50.0, 0, 0, 0]])).rate
    assert sure.tolist() == pytest.approx([0, math.log(4)], abs=1e-6)
