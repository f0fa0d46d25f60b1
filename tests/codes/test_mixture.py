"""The law of codes: what it says of a source that we made."""

import pytest
import torch

from isthmus.codes.mixture import Mixture

APART = torch.tensor([[3.0, 0.0], [-3.0, 0.0]])


def two_blobs(count: int, seed: int) -> torch.Tensor:
    torch.manual_seed(seed)
    return APART[torch.randint(2, (count,))] + torch.randn(count, 2) * torch.tensor([0.5, 1.0])


def true_nats(codes: torch.Tensor) -> torch.Tensor:
    law = torch.distributions.Normal(APART[:, None], torch.tensor([0.5, 1.0]))
    return torch.logsumexp(law.log_prob(codes).sum(2), 0) - torch.log(torch.tensor(2.0))


@pytest.fixture(scope="module")
def mixture():
    return Mixture.fitting(two_blobs(4000, 0), 2, seed=0)


def test_its_price_is_that_of_the_true_law_and_never_below_on_average(mixture):
    unseen = two_blobs(4000, 1)
    torch.testing.assert_close(mixture.log_prob(unseen), true_nats(unseen), atol=0.2, rtol=0.05)
    assert mixture.log_prob(unseen).mean() <= true_nats(unseen).mean() + 1e-3


def test_samples_fill_the_blobs_and_leave_the_hole_between_them_empty(mixture):
    torch.manual_seed(2)
    drawn = mixture.sample(2000)
    assert drawn.shape == (2000, 2)
    assert (drawn[:, 0].abs() < 1).float().mean() < 0.01
    assert 0.45 < (drawn[:, 0] > 0).float().mean() < 0.55
    torch.testing.assert_close(mixture.log_prob(drawn).mean(), true_nats(two_blobs(2000, 3)).mean(), atol=0.1, rtol=0)


def test_codes_that_lie_in_a_plane_have_a_law_too():
    flat = two_blobs(500, 0)
    flat[:, 1] = 1.0
    found = Mixture.fitting(flat, 3, seed=0)
    assert torch.isfinite(found.log_prob(flat)).all()
