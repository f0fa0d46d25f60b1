import math

import pytest
import torch
from torch import nn

from isthmus.code import Batch
from isthmus.recipes.graph_classes import graph_classes
from isthmus.recipes.onehot import Classes, neighbour_nats, unevenness
from isthmus.training.samples import InMemory, Told
from tests.laws import HonestNats
from tests.sources import corners


class TestToldClasses(HonestNats):
    make = staticmethod(lambda: Classes(nn.Linear(2, 32), nn.Identity(), 32, 4))
    source, steps = staticmethod(corners), 300


def test_a_neighbour_of_the_same_class_costs_the_chance_that_it_may_be_any():
    sure, other = torch.tensor([[1.0, 0.0, 0.0, 0.0]]), torch.tensor([[0.0, 1.0, 0.0, 0.0]])
    assert neighbour_nats(sure, sure, 0.4).item() == pytest.approx(-math.log(0.6 + 0.4 / 4))
    assert neighbour_nats(sure, other, 0.4).item() == pytest.approx(-math.log(0.4 / 4))


def test_classes_used_evenly_lack_nothing_and_one_alone_lacks_log_k():
    assert unevenness(torch.full((5,), 0.2)).item() == pytest.approx(0, abs=1e-6)
    assert unevenness(torch.tensor([1.0, 0, 0, 0])).item() == pytest.approx(math.log(4))


def test_one_class_for_all_is_priced_and_penalised_by_hand():
    model = Classes(nn.Identity(), nn.Identity(), 1, 2, balance=5.0, wrong=0.5).eval()
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.tensor([50.0, -50.0]))
    passage = model(Batch(torch.randn(3, 1), {"neighbour": torch.randn(3, 1)}))
    assert passage.distance.tolist() == pytest.approx([-math.log(0.75)] * 3)
    assert passage.code.penalty.tolist() == pytest.approx([5 * math.log(2)] * 3)


def test_a_class_that_is_told_is_priced_as_a_sure_neighbour_of_it():
    model = Classes(nn.Identity(), nn.Identity(), 1, 2, balance=5.0, wrong=0.5).eval()
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.tensor([50.0, -50.0]))
    passage = model(Batch(torch.randn(2, 1), {"class": torch.tensor([0, 1])}))
    assert passage.distance.tolist() == pytest.approx([-math.log(0.75), -math.log(0.25)])
    assert passage.code.value.shape[0] == 2


def test_samples_are_told_their_own_classes():
    samples = InMemory(Batch(torch.arange(10.0)[:, None]))
    told = Told(samples, torch.tensor([8, 3, 5]), torch.tensor([80, 30, 50]))
    assert len(told) == 3
    batches = list(told.take([torch.tensor([2, 0]), torch.tensor([1])]))
    assert [batch.x.flatten().tolist() for batch in batches] == [[5, 8], [3]]
    assert [batch.given["class"].tolist() for batch in batches] == [[50, 80], [30]]


def islands(sizes: list[int], neighbours: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Neighbours drawn on each sample's own island, one in twenty anywhere; and the islands."""
    torch.manual_seed(0)
    which = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    near = torch.stack(
        [(same := torch.nonzero(which == own)[:, 0])[torch.randint(len(same), (neighbours,))] for own in which]
    )
    anywhere = torch.rand(near.shape) < 0.05
    return torch.where(anywhere, torch.randint(len(which), near.shape), near), which


def test_a_graph_of_islands_is_told_apart_with_some_wrong_neighbours_and_twice_the_same():
    near, which = islands([60, 50, 70, 40], 6)
    found = graph_classes(near, 4, balance=5.0, wrong=0.3, seed=3)
    counts = torch.zeros(4, 4).index_put((found, which), torch.tensor(1.0), accumulate=True)
    assert counts.argmax(1).unique().numel() == 4
    assert counts.amax(1).sum() >= 0.97 * len(which)
    assert torch.equal(found, graph_classes(near, 4, balance=5.0, wrong=0.3, seed=3))
