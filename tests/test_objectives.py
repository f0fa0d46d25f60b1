import math

import pytest
import torch

from isthmus.objectives import importance_bound, importance_weighted, mean, score_function, trimmed


def test_the_mean_is_the_mean():
    assert mean(torch.tensor([[1.0, 3.0], [5.0, 7.0]])).item() == 4


def test_the_importance_weighted_bound_by_hand():
    cost = torch.tensor([[0.0, math.log(3.0)]])  # weights 1 and 1/3: mean 2/3
    assert importance_weighted(cost).item() == pytest.approx(-math.log(2 / 3))
    single = torch.tensor([[2.0], [3.0]])
    assert importance_bound(single).tolist() == pytest.approx([2, 3])


def test_trimming_leaves_out_the_rows_that_cost_most():
    cost = torch.tensor([[1.0], [2.0], [3.0], [100.0]])
    assert trimmed(0.25)(cost).item() == pytest.approx(2)
    assert trimmed(0.9)(cost).item() == 1  # never all of them


def test_the_baseline_of_a_draw_is_the_mean_of_the_others():
    cost, log_prob = torch.tensor([[1.0, 2.0, 6.0]]), torch.zeros(1, 3, requires_grad=True)
    score_function(cost, log_prob).backward()
    assert log_prob.grad.tolist()[0] == pytest.approx([(1 - 4) / 3, (2 - 3.5) / 3, (6 - 1.5) / 3])
