import math

import pytest
import torch

from isthmus.distances import Bernoulli, Categorical, Normal, OnlyWhere
from isthmus.errors import OptionError


def test_a_normal_density_by_hand():
    nats = Normal(2.0)(torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 0.0]]))
    assert nats.item() == pytest.approx(0.5 * 1.0 + 2 * (math.log(2) + 0.5 * math.log(2 * math.pi)))


def test_a_deviation_for_each_place_and_a_learned_one():
    wide = Normal(torch.tensor([1.0, 10.0])).places(torch.zeros(1, 2), torch.ones(1, 2))
    assert (wide[0, 1] - wide[0, 0]).item() == pytest.approx(math.log(10) + 0.005 - 0.5)
    learned = Normal(1.0, learned=True)
    learned(torch.zeros(4, 3), torch.full((4, 3), 2.0)).sum().backward()
    assert learned.log_scale.grad.item() == pytest.approx(12 * (1 - 4))  # d/d log s of each: 1 - (2/s)²


@pytest.mark.parametrize("scale", [0.0, -1.0, math.inf])
def test_a_deviation_must_be_positive(scale):
    with pytest.raises(OptionError, match="scale"):
        Normal(scale)


def test_bits_and_categories_by_hand():
    assert Bernoulli()(torch.zeros(1, 3), torch.tensor([[1.0, 0.0, 0.5]])).item() == pytest.approx(3 * math.log(2))
    logits = torch.tensor([[0.0, math.log(3.0)]])
    assert Categorical()(logits, torch.tensor([0])).item() == pytest.approx(math.log(4))
    assert Categorical().expected(logits).tolist() == [1]
    sequence = torch.zeros(2, 5, 7)  # rows, classes, places
    assert Categorical()(sequence, torch.zeros(2, 7, dtype=torch.long)).tolist() == pytest.approx([7 * math.log(5)] * 2)


def test_only_the_places_asked_for_count_and_all_without_a_mask():
    output, x = torch.zeros(1, 2), torch.tensor([[1.0, 5.0]])
    distance = OnlyWhere(Normal())
    base = 0.5 * math.log(2 * math.pi)
    assert distance(output, x, torch.tensor([[True, False]])).item() == pytest.approx(0.5 + base)
    assert distance(output, x).item() == pytest.approx(13 + 2 * base)
    assert torch.equal(distance.expected(output), output)


@pytest.mark.parametrize("distance", [Normal(), Bernoulli()])
def test_shapes_that_would_broadcast_are_refused(distance):
    """(B, T, 80) against (B, 1, T, 80) would silently compare every row with every other."""
    with pytest.raises(ValueError, match=r"\(4, 1, 3\)"):
        distance(torch.zeros(4, 1, 3), torch.zeros(4, 3))
