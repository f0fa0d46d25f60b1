"""What every code and every recipe must obey. A new one is held to it by one line:

class TestMyCode(CodeLaws): make, features = staticmethod(lambda: MyCode(8)), torch.randn(64, 16)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from isthmus.code import Batch, Code, each
from isthmus.errors import OptionError
from isthmus.training.loop import train
from isthmus.training.settings import Settings


def tensors(value: Any) -> list[Tensor]:
    found: list[Tensor] = []
    each(lambda tensor: found.append(tensor) or tensor, value)
    return found


class CodeLaws:
    """Laws of a code. `make()` returns one; `features` are (batch, ...) of what its encoder would hand it."""

    make: Callable[[], Any]
    features: Any  # a tensor, or a named group of them

    @pytest.fixture
    def code(self) -> Code:
        torch.manual_seed(0)
        leaves = each(lambda part: part.clone().requires_grad_(), type(self).features)
        self.leaves = tensors(leaves)
        self.bottleneck = type(self).make()
        return self.bottleneck(leaves)

    def test_rate_and_penalty_are_a_finite_price_a_row(self, code):
        rows = len(tensors(type(self).features)[0])
        for price in (code.rate, code.penalty):
            assert price.shape == (rows,)
            assert torch.isfinite(price).all()

    def test_the_value_has_a_row_a_sample(self, code):
        assert all(len(part) == len(self.leaves[0]) for part in tensors(code.value))

    def test_training_can_move_what_it_was_made_from(self, code):
        if code.log_prob is None:
            reached = sum(part.float().sum() for part in tensors(code.value))
        else:  # sampled: the gradient passes by the score function, and the rate must not carry log q a second time
            assert code.log_prob.shape == code.rate.shape
            if code.rate.requires_grad:
                twice = torch.autograd.grad(code.rate.sum(), self.leaves, retain_graph=True, allow_unused=True)
                assert not any(part.abs().any() for part in twice if part is not None)
            reached = code.log_prob.sum()
        for gradient in torch.autograd.grad(reached, self.leaves):
            assert torch.isfinite(gradient).all()
            assert gradient.abs().sum() > 0

    def test_the_symbols_alone_give_the_value_back(self, code):
        if code.symbols is not None:
            for back, value in zip(tensors(self.bottleneck.value_of(code.symbols)), tensors(code.value), strict=True):
                assert torch.equal(back, value)

    def test_samples_of_the_prior_look_like_values(self, code):
        try:
            sampled = self.bottleneck.sample(3)
        except OptionError:
            return  # a code without a prior says so
        for drawn, value in zip(tensors(sampled), tensors(code.value), strict=True):
            assert drawn.shape == (3, *value.shape[1:])

    def test_the_centre_has_no_noise(self, code):
        torch.manual_seed(1)
        first = tensors(self.bottleneck.centre(type(self).features))
        torch.manual_seed(2)
        second = tensors(self.bottleneck.centre(type(self).features))
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))

    def test_it_has_a_docstring_with_its_source(self):
        assert vars(type(type(self).make()))["__doc__"]  # its own, not one that it inherits


class HonestNats:
    """The law of honest nats. `make()` returns an untrained model of rows that `source(count, seed)` draws.

    With the rows a source gives the nats that each costs under its own law, below which no description can be on
    average. A description that stays above only because it is a bad one shows nothing: where the code has a price, it
    must be too short without it.
    """

    make: Callable[[], Any]
    source: Callable[[int, int], tuple[Batch, Tensor]]
    steps = 200

    def test_no_source_is_described_in_fewer_nats_than_it_costs(self):
        torch.manual_seed(0)
        model = type(self).make()
        settings = Settings(steps=type(self).steps, batch_size=64, learning_rate=0.01, threads=1)
        train(model, type(self).source(1000, 0)[0], settings=settings)
        batch, own = type(self).source(1000, 1)
        with torch.no_grad():
            passage = model(batch)
        excess = passage.description_length - own
        slack = 3 * excess.std().item() / len(excess) ** 0.5  # of a mean that is measured
        assert_no_shorter_than_entropy(passage.description_length.mean(), own.mean(), slack)
        if passage.code.rate.any():
            assert passage.distance.mean() < own.mean()


class RecipeLaws:
    """Laws of a recipe. `make()` returns an untrained model, `batch` is data of its kind.

    A recipe whose code has a price obeys the law of honest nats as well, or says why no source can show it.
    """

    make: Callable[[], Any]
    batch: Batch
    no_source = ""

    @pytest.fixture
    def model(self):
        torch.manual_seed(0)
        return type(self).make()

    def test_one_passage_prices_every_row(self, model):
        passage = model.train()(type(self).batch)
        assert passage.description_length.shape == (len(type(self).batch) * passage.draws,)
        assert torch.isfinite(passage.description_length).all()
        assert isinstance(self, HonestNats) or self.no_source or not passage.code.rate.any()

    def test_every_parameter_belongs_to_one_player_and_learns(self, model):
        passage = model.train()(type(self).batch)
        owned = [id(parameter) for player in model.players() for parameter in player.parameters]
        assert sorted(owned) == sorted(id(part) for part in model.parameters() if part.requires_grad)
        for player in model.players():
            for parameter in player.parameters:
                parameter.grad = None
            player.loss(passage).backward()
            assert all(parameter.grad is not None for parameter in player.parameters), player.name

    def test_a_reconstruction_is_shaped_like_the_data(self, model):
        with torch.no_grad():
            back = model.eval().reconstruct(type(self).batch)
        x = type(self).batch.x
        if isinstance(back, Mapping):  # of a named group, perhaps one part alone is restored
            x = {name: x[name] for name in back}
        assert [part.shape for part in tensors(back)] == [part.shape for part in tensors(x)]

    def test_a_row_does_not_depend_on_the_other_rows(self, model):
        model.eval()
        with torch.no_grad():
            whole = tensors(model.reconstruct(type(self).batch))
            first = tensors(model.reconstruct(type(self).batch.rows(slice(0, 1))))
        for one, all_rows in zip(first, whole, strict=True):
            torch.testing.assert_close(one[0], all_rows[0], rtol=1e-4, atol=1e-4)


def assert_no_shorter_than_entropy(mean_length: float, entropy: float, slack: float) -> None:
    """The law of honest nats: a source cannot be described in fewer nats than its entropy."""
    assert mean_length >= entropy - slack, f"{mean_length:.3f} nats for a source of {entropy:.3f}"
