import math

import pytest
import torch
from torch import nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.gaussian import Gaussian
from isthmus.codes.onehot import OneHot
from isthmus.codes.vector import Vector
from isthmus.corruptions import Masking
from isthmus.critics import AttributeCritic
from isthmus.distances import Bernoulli, Normal, OnlyWhere
from isthmus.recipes.denoising import denoising
from isthmus.training.loop import evaluate, train
from isthmus.training.settings import Settings
from tests.enumerable import Reader, Symbol, bits_source, words
from tests.laws import HonestNats, RecipeLaws, assert_no_shorter_than_entropy
from tests.sources import plane


class TestDenoising(RecipeLaws):
    make, batch = staticmethod(lambda: denoising(6, width=16)), Batch(torch.randn(20, 6))


class TestVariational(HonestNats, RecipeLaws):
    make = staticmethod(
        lambda: AutoEncoder(encoder=nn.Linear(6, 8), code=Gaussian(4), decoder=Reader(4, 6), distance=Normal())
    )
    batch = Batch(torch.randn(20, 6))
    source, steps = staticmethod(plane), 800


class TestAdversarial(RecipeLaws):
    make = staticmethod(
        lambda: AutoEncoder(
            encoder=nn.Linear(6, 4), code=Vector(), decoder=Reader(4, 6), distance=Normal(),
            critics={"speaker": AttributeCritic(nn.Linear(4, 3), "speaker")},
        )
    )  # fmt: skip
    batch = Batch(torch.randn(20, 6), {"speaker": torch.randint(3, (20,))})


class TestSampled(HonestNats, RecipeLaws):
    make = staticmethod(
        lambda: AutoEncoder(
            encoder=nn.Linear(8, 4), code=Symbol(4), decoder=Reader(4, 8), distance=Bernoulli(), draws=3
        )
    )
    batch = Batch(bits_source(20)[0])
    source, steps = staticmethod(words), 800


class TestOneOfK(HonestNats, RecipeLaws):
    make = staticmethod(
        lambda: AutoEncoder(
            encoder=nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4)), code=OneHot(4),
            decoder=Reader(4, 8), distance=Bernoulli(),
        )
    )  # fmt: skip
    batch = Batch(bits_source(20)[0])
    source, steps = staticmethod(words), 800


def test_a_score_sees_the_row_clean_and_training_does_not():
    model = AutoEncoder(
        encoder=nn.Identity(), code=Vector(), decoder=lambda value, given: value, distance=Normal(),
        corruption=Masking(1.0, value=7.0),
    )  # fmt: skip
    batch = Batch(torch.zeros(4, 3))
    clean = 3 * 0.5 * math.log(2 * math.pi)
    assert model.eval()(batch).distance.tolist() == pytest.approx([clean] * 4)
    assert model.train()(batch).distance.tolist() == pytest.approx([clean + 3 * 24.5] * 4)


def test_only_the_hidden_places_count_where_that_is_asked():
    class HideFirst(Masking):
        def forward(self, x):
            where = torch.zeros_like(x, dtype=torch.bool)
            where[:, 0] = True
            return x.masked_fill(where, 0.0), where

    model = AutoEncoder(
        encoder=nn.Identity(), code=Vector(), decoder=lambda value, given: value, distance=OnlyWhere(Normal()),
        corruption=HideFirst(1.0),
    )  # fmt: skip
    x = torch.tensor([[2.0, 5.0]])
    assert model.train()(Batch(x)).distance.item() == pytest.approx(0.5 * 4 + 0.5 * math.log(2 * math.pi))


def test_the_score_function_gradient_is_the_exact_one():
    """On a code small enough to enumerate: the mean of many sampled gradients against the gradient of the mean."""
    torch.manual_seed(0)
    symbols, rows, draws = 4, 3, 4000
    x, _ = bits_source(rows)
    model = AutoEncoder(
        encoder=nn.Linear(8, symbols),
        code=Symbol(symbols),
        decoder=Reader(symbols, 8),
        distance=Bernoulli(),
        draws=draws,
    )
    nn.init.normal_(model.code.prior, std=0.5)
    batch = Batch(x)

    log_q = model.encoder(x).log_softmax(1)
    exact = torch.zeros(())
    for symbol in range(symbols):
        value = model.code.value_of(torch.full((rows,), symbol))
        distance = model.distance(model.decoder(value, {}), x)
        rate = log_q[:, symbol] - model.code.prior.log_softmax(0)[symbol]
        exact = exact + (log_q[:, symbol].exp() * (distance + rate)).sum() / rows
    exact_gradients = torch.autograd.grad(exact, list(model.parameters()))

    model.train()
    sampled_gradients = [torch.zeros_like(gradient) for gradient in exact_gradients]
    for _ in range(20):
        gradients = torch.autograd.grad(model.objective(model(batch)), list(model.parameters()))
        for total, gradient in zip(sampled_gradients, gradients, strict=True):
            total += gradient / 20
    for sampled, exactly in zip(sampled_gradients, exact_gradients, strict=True):
        torch.testing.assert_close(sampled, exactly, atol=0.02, rtol=0.02)


def test_one_draw_of_a_sampled_code_is_refused():
    model = AutoEncoder(encoder=nn.Linear(8, 4), code=Symbol(4), decoder=Reader(4, 8), distance=Bernoulli())
    with pytest.raises(ValueError, match="draws >= 2"):
        model.objective(model.train()(Batch(bits_source(5)[0])))


def test_a_sampled_code_is_never_cheaper_than_the_entropy_and_gets_near_it():
    x, entropy = bits_source(4000)
    torch.manual_seed(0)
    model = AutoEncoder(
        encoder=nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4)), code=Symbol(4), decoder=Reader(4, 8),
        distance=Bernoulli(), draws=4,
    )  # fmt: skip
    train(model, Batch(x), settings=Settings(steps=800, learning_rate=0.01, threads=1))
    length = evaluate(model, Batch(bits_source(4000, seed=1)[0])).item()
    assert_no_shorter_than_entropy(length, entropy, slack=0.08)
    assert length < entropy + 0.35


@pytest.mark.parametrize("sampled", [False, True])
def test_a_gaussian_code_is_never_cheaper_than_the_entropy(sampled):
    """A normal source with a known differential entropy, and a linear auto-encoder that could describe it exactly."""
    torch.manual_seed(0)
    loading = torch.randn(2, 6)
    x = torch.randn(6000, 2) @ loading + 0.3 * torch.randn(6000, 6)
    covariance = loading.T @ loading + 0.09 * torch.eye(6)
    entropy = 0.5 * (6 * math.log(2 * math.pi * math.e) + torch.logdet(covariance).item())
    model = AutoEncoder(
        encoder=nn.Linear(6, 4), code=Gaussian(2, sampled_rate=sampled), decoder=Reader(2, 6),
        distance=Normal(1.0, learned=True),
    )  # fmt: skip
    train(model, Batch(x[:5000]), settings=Settings(steps=1500, learning_rate=0.02, threads=1))
    length = evaluate(model, Batch(x[5000:])).item()
    assert_no_shorter_than_entropy(length, entropy, slack=0.15)
    assert length < entropy + 0.3


def test_more_draws_tighten_the_bound():
    torch.manual_seed(0)
    model = AutoEncoder(
        encoder=nn.Linear(6, 4), code=Gaussian(2, sampled_rate=True), decoder=Reader(2, 6), distance=Normal()
    ).eval()
    batch = Batch(torch.randn(500, 6))
    with torch.no_grad():
        assert model.description_length(batch, draws=50).mean() < model.description_length(batch).mean()


def test_nothing_leads_from_what_a_critic_learns_from_back_to_the_model():
    model = AutoEncoder(encoder=nn.Linear(6, 8), code=Gaussian(4), decoder=Reader(4, 6), distance=Normal())
    passage = model.train()(Batch(torch.randn(20, 6)))
    assert passage.code.rate.requires_grad
    cut = passage.detached()
    parts = [cut.code.value, cut.code.rate, cut.code.penalty, cut.output, cut.distance]
    assert not any(part.requires_grad for part in parts)
    assert torch.equal(cut.code.rate, passage.code.rate)
