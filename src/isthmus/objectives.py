"""How the costs of a batch, in nats a draw, become the one number that training lowers."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["Combine", "importance_bound", "importance_weighted", "mean", "score_function", "trimmed"]

Combine = Callable[[Tensor], Tensor]  # (batch, draws) nats -> scalar


def mean(cost: Tensor) -> Tensor:
    """Average over rows and draws: the evidence lower bound, or a plain reconstruction loss."""
    return cost.mean()


def importance_bound(cost: Tensor) -> Tensor:
    """Return the importance-weighted bound of every row (Burda et al., 2016, arXiv:1509.00519, eq. 8).

    The costs must be of *sampled* codes with the sampled rate, log q(z|x) - log p(z). With one draw it is
    the cost itself.

    (batch, draws) -> (batch,)
    """
    return math.log(cost.shape[1]) - torch.logsumexp(-cost, 1)


def importance_weighted(cost: Tensor) -> Tensor:
    """Average `importance_bound` over the rows: the objective of an importance-weighted auto-encoder."""
    return importance_bound(cost).mean()


def trimmed(share: float) -> Combine:
    """Average that leaves out the `share` of rows which cost most (Rousseeuw, 1984).

    Rows that a batch finds hardest to restore do not teach, so a minority of odd rows in the training
    data stays odd.
    """

    def combine(cost: Tensor) -> Tensor:
        rows = cost.mean(1)
        kept = max(1, math.ceil(len(rows) * (1 - share)))
        return rows.topk(kept, largest=False, sorted=False).values.mean()

    return combine


def score_function(cost: Tensor, log_prob: Tensor) -> Tensor:
    """Return a scalar whose gradient is the score-function (REINFORCE) gradient of the mean cost.

    The baseline of a draw is the mean cost of the row's other draws (Kool et al., 2019, "Buy 4 REINFORCE
    samples, get a baseline for free"), so it needs at least two.

    Parameters
    ----------
    cost, log_prob : tensors (batch, draws)

    Raises
    ------
    ValueError
        With a single draw a row.
    """
    draws = cost.shape[1]
    if draws < 2:
        raise ValueError("a sampled code needs draws >= 2: the baseline of a draw is the row's other draws")
    cost = cost.detach()
    others = (cost.sum(1, keepdim=True) - cost) / (draws - 1)
    return ((cost - others) * log_prob).mean()
