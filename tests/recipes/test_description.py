import copy
import math

import numpy as np
import pytest
import torch

from isthmus.code import Batch
from isthmus.kinds.schema import Cell
from isthmus.networks.features import CellFeatures
from isthmus.recipes.denoising import denoising
from isthmus.recipes.description import PARTS, TERMS, Description, parts_of
from isthmus.recipes.one_class import learn_normal

COLUMNS = 5
CELLS = [Cell(column=place, part="value", kind="number", size=0) for place in range(COLUMNS)]


@pytest.fixture(scope="module")
def rows():
    return torch.from_numpy(np.random.default_rng(0).normal(size=(40, COLUMNS)))


@pytest.fixture(scope="module")
def description(rows):
    described, x = remembering(rows)
    described.calibrate(described.departures(x, torch.arange(len(x))))
    return described


def remembering(rows, **options):
    """Return a description by a network that learned nothing, which remembers these rows, and the rows it sees."""
    torch.manual_seed(0)
    features = CellFeatures.fit(CELLS, rows.numpy())
    described = Description(features, denoising(features.width, width=16)).eval().requires_grad_(False)
    x = features(rows)
    described.remember(x, x, **options)
    return described, x


def departure(description, x, term, other_than=None):
    return description.departures(x, other_than)[:, TERMS.index(term)]


def test_columns_alone_cost_a_t_law_worked_out_by_hand(description):
    x = torch.tensor([[0.0, 0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 0.0, 0.0], [3.0, -3.0, 0.0, 0.0, 0.0]])
    expected = [0.0, 2 * math.log(1 + 9 / 3), 4 * math.log(1 + 9 / 3)]
    assert departure(description, x, "alone").tolist() == pytest.approx(expected)


def test_the_best_two_of_the_nearest_remembered_row_of_each_part_count(description):
    places = [3, 17, 39]  # one in the first part, others further on
    x = description.restored[places] + 1e-3
    assert description.parts == PARTS
    near = [torch.cdist(x, part).argmin(1) for part in description.restored.tensor_split(PARTS)]
    size = len(description.restored) // PARTS
    index = torch.stack([own + size * part for part, own in enumerate(near)], 1)
    squares = (x[:, None] - description.restored[index]).square() / description.column
    unexplained = 2 * torch.log1p(squares / 3).sum(2).sort(1).values
    assert (unexplained[:, 0] < 0.01).all()  # the row it was made of
    expected = unexplained[:, :2].mean(1) / description.spacing[index].log().mean(1).exp() ** 0.75
    assert departure(description, x, "remembered").tolist() == pytest.approx(expected.tolist(), rel=1e-3)


def test_a_remembered_row_does_not_vouch_for_itself(description):
    x = description.restored[:8].clone()
    own = departure(description, x, "remembered", torch.arange(8))
    assert (own > departure(description, x, "remembered") + 1e-4).all()


def test_a_row_that_equals_a_remembered_one_is_taken_for_it(rows):
    described, x = remembering(rows)
    itself = torch.arange(len(x))
    assert torch.equal(described.departures(x), described.departures(x, itself))
    assert not torch.equal(described.departures(x + 1e-6), described.departures(x))  # nearly it is another


def test_a_row_that_taught_is_explained_as_another_would_be():
    chance = np.random.default_rng(0)
    rows = torch.from_numpy(chance.normal(size=(600, COLUMNS)) @ chance.normal(size=(COLUMNS, COLUMNS)))
    column = torch.arange(30) % COLUMNS
    rows[torch.arange(30), column] += 4 * rows.std(0)[column]
    description = learn_normal(CELLS, rows, steps=300, width=64).description
    shares = description.explain(rows[:30]).shares
    assert (shares.argmax(1) == column).double().mean() >= 0.9
    most = (shares.amax(1) / shares.sum(1)).mean()
    assert most >= 0.6


def test_a_zero_below_zero_is_a_zero():
    described, x = remembering(torch.tensor([[0.0, 1.0, 2.0, -1.0, 1.0], [0.0, -1.0, -2.0, 1.0, -1.0]] * 4).double())
    assert torch.equal(described.departures(torch.where(x == 0, -0.0, x)), described.departures(x))


@pytest.mark.parametrize("count", [2, 3, 4, 5, 7, 8, 9])
def test_among_few_rows_none_vouches_for_itself(count):
    rows = torch.from_numpy(np.random.default_rng(0).normal(size=(count, COLUMNS)))
    description = learn_normal(CELLS, rows, steps=5, width=16).description
    x = description.features(rows)
    near, _ = description._near(x, None)
    itself = description._itself(x)
    assert (itself >= 0).sum() == count - count % parts_of(count)
    assert (near != itself[:, None]).all()


def test_half_of_how_the_code_of_the_nearest_remembered_row_moves_is_expected(description, rows):
    x = description.features(rows)
    moved = description.model.embed(Batch(x)) - description.model.embed(Batch(description.model.reconstruct(Batch(x))))
    nearest = torch.cdist(x, description.restored).argmin(1)
    expected = (moved - moved[nearest] / 2).square() @ description.unit.reciprocal()
    assert departure(description, x, "moved").tolist() == pytest.approx(expected.tolist(), rel=1e-3)


def test_more_is_allowed_where_remembered_rows_lie_apart_themselves():
    chance = np.random.default_rng(0)
    rows = np.concatenate([chance.normal(-2, 0.05, (300, COLUMNS)), chance.normal(2, 1.0, (300, COLUMNS))])
    description = learn_normal(CELLS, torch.from_numpy(rows), steps=200, width=32).description
    crowded = description.restored[:, 0] < 0
    assert description.spacing[~crowded].median() > 1.5 * description.spacing[crowded].median()


def test_nothing_is_taken_off_where_remembered_rows_may_be_odd(rows):
    described, remembered = remembering(rows, draws=4)
    x = remembered + 0.01
    moved = described.model.embed(Batch(x)) - described.model.embed(Batch(described.model.reconstruct(Batch(x))))
    expected = moved.square() @ described.unit.reciprocal()
    assert departure(described, x, "moved").tolist() == pytest.approx(expected.tolist(), rel=1e-4)
    nearest = [torch.cdist(x, part).argmin(1) for part in described.restored.split(10)]
    squares = [(x - part[own]).square() for part, own in zip(described.restored.split(10), nearest, strict=True)]
    laws = [2 * torch.log1p(own / described.column / 3).sum(1) for own in squares]
    assert departure(described, x, "remembered").tolist() == pytest.approx(torch.stack(laws).mean(0).tolist(), rel=1e-4)
    described.weigh(1000, 0.2)
    apart = torch.stack([(own / described.column).sum(1) for own in squares]).mean(0)
    assert departure(described, x, "apart").tolist() == pytest.approx(apart.tolist(), rel=1e-4)


def test_the_length_of_a_row_does_not_depend_on_the_rows_beside_it_to_the_last_bit(description, rows):
    lengths = description(rows)
    alone = torch.cat([description(row[None]) for row in rows])
    assert torch.equal(lengths, alone)
    assert torch.equal(lengths.flip(0), description(rows.flip(0)))


def test_columns_alone_count_more_where_few_rows_taught(description, rows):
    other, far = copy.deepcopy(description), rows[:5] + 3.0
    prices = {}
    for taught in (40, 1000, 8000):
        other.weigh(taught, 1.0)
        prices[taught] = other.nats(other.departures(other.features(far)))[:, TERMS.index("alone")]
    assert torch.allclose(prices[40], 1.5 / 0.65 * prices[1000])
    assert torch.allclose(prices[8000], (0.4 + 250 / 8000) / 0.65 * prices[1000])


def test_the_less_is_restored_the_more_plain_squares_weigh(description):
    other = copy.deepcopy(description)
    for restored, rows, squares in ((0.71, 1000, 0.0), (0.65, 1000, 0.25), (0.49, 1000, 1.0), (0.49, 100, 0.2)):
        other.weigh(rows, restored)
        each = torch.tensor([2.0, 2.0, 0.4 + min(1.1, 250 / rows)]).double()
        assert torch.allclose(other.weights, torch.cat([(1 - squares) * each, squares * each]))


def test_what_is_told_to_be_expected_is_the_guess_that_gains_most(description, rows):
    odd = rows[:20].clone()
    odd[:, 2] += 6.0
    explanation = description.explain(odd)
    assert (explanation.shares.argmax(1) == 2).float().mean() > 0.8
    told, restored = odd.clone(), odd.clone()
    told[:, 2] = explanation.expected[:, 2]
    x = description.features(odd)
    restored[:, 2] = description.features.values(description.model.reconstruct(Batch(x)))[:, 2]
    by_others = torch.cdist(x[:, [0, 1, 3, 4]], description.restored[:, [0, 1, 3, 4]])
    near = odd.clone()
    near[:, 2] = description.features.values(description.restored[by_others.argmin(1)])[:, 2]
    gained = torch.stack([description(restored), description(near)])
    assert (description(told) <= gained.amin(0) + 1e-4).all()
    assert (description(told) < description(restored) - 0.1).any()  # so it is not always the same guess


def test_a_normal_row_costs_less_than_one_far_in_every_column(description, rows):
    lengths = description(torch.cat([rows[:10], rows[:10] + 8.0]))
    assert lengths[:10].max() < lengths[10:].min()


def test_the_weighted_prices_of_the_terms_add_up_to_the_length(description, rows):
    x = description.features(rows)
    for restored, terms in ((1.0, 3), (0.6, 6)):  # what counts for nothing is not worked out
        other = copy.deepcopy(description)
        other.weigh(1000, restored)
        prices = other.nats(other.departures(x))
        assert prices.shape == (len(rows), terms)
        assert torch.allclose(prices.sum(1), other.length(x, torch.zeros(len(x))), atol=1e-6)


def test_where_little_is_restored_plain_squares_count_instead_of_the_code(description, rows):
    other, x = copy.deepcopy(description), description.features(rows) + 0.5
    other.weigh(1000, 0.2)
    other.calibrate(other.departures(x))
    squares = (x[:, None] - other.restored).square() / other.column
    near = []
    for own, part in zip(other.restored.tensor_split(PARTS), squares.tensor_split(PARTS, 1), strict=True):
        nearest = (x[:, None] - own).square().sum(2).argmin(1)
        near.append(part[torch.arange(len(x)), nearest].sum(1))
    assert torch.allclose(departure(other, x, "apart"), torch.stack(near).sort(0).values[:2].mean(0), rtol=1e-4)
    unrestored = (x - other.model.reconstruct(Batch(x))).square().sum(1)
    assert torch.allclose(departure(other, x, "unrestored"), unrestored, rtol=1e-4)
    assert torch.allclose(departure(other, x, "far"), x.square().sum(1), rtol=1e-4)
    priced = other.nats(other.departures(x)) > 0
    counting = [term for term, some in zip(TERMS, priced.any(0).tolist(), strict=True) if some]
    assert counting == ["unrestored", "apart", "far"]
    other.weigh(10, 0.2)  # of so few rows little can be learned, whatever they are
    assert other.weights[TERMS.index("moved")] > 0.9 * description.weights[TERMS.index("moved")]
