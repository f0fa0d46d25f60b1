import math

import pytest
import torch

from isthmus.corruptions import GaussianNoise, Identity, Masking, OneOf, SaltAndPepper, SwapNoise
from isthmus.errors import OptionError

X = torch.arange(40_000.0).view(10_000, 4)


def test_identity_spoils_nothing():
    spoiled, where = Identity()(X)
    assert spoiled is X
    assert where is None


def test_noise_has_the_deviations_asked_for():
    torch.manual_seed(0)
    noise = GaussianNoise(0.1, 10.0)(torch.zeros(20_000, 50))[0].std(1)
    assert noise.min() > 0.05
    assert noise.max() < 20
    assert noise.log().mean().item() == pytest.approx(0, abs=0.05)  # log-uniform between .1 and 10
    assert noise.log().std().item() == pytest.approx(math.log(100) / math.sqrt(12), abs=0.05)
    single = GaussianNoise(2.0)(torch.zeros(1000, 100))[0]
    assert single.std().item() == pytest.approx(2, rel=0.02)


def test_noise_stays_out_of_places_it_makes_no_sense_in():
    spoiled = GaussianNoise(1.0, places=torch.tensor([True, False, True, False]))(X)[0]
    assert torch.equal(spoiled[:, [1, 3]], X[:, [1, 3]])
    assert (spoiled[:, [0, 2]] != X[:, [0, 2]]).float().mean() > 0.9


def test_noise_that_is_told_is_the_noise_that_is_there():
    torch.manual_seed(0)
    spoiled, _ = GaussianNoise(0.1, 10.0, told=True)(torch.zeros(200, 5000))
    torch.testing.assert_close(spoiled["x"].std(1, keepdim=True), spoiled["noise"], rtol=0.06, atol=0.0)


def test_masking_hides_the_share_it_says_and_says_where():
    torch.manual_seed(0)
    spoiled, where = Masking(0.3, value=-7.0)(X)
    assert where.float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert (spoiled[where] == -7).all()
    assert torch.equal(spoiled[~where], X[~where])


def test_swap_noise_takes_the_same_column_of_another_row():
    torch.manual_seed(0)
    spoiled, where = SwapNoise(0.5)(X)
    assert torch.equal(spoiled % 4, X % 4)  # still a value of its own column
    assert torch.equal(spoiled[~where], X[~where])
    assert where.float().mean().item() == pytest.approx(0.5, abs=0.01)
    assert (spoiled[where] != X[where]).float().mean() > 0.99


def test_one_of_several_spoils_each_row():
    torch.manual_seed(0)
    spoiled, where = OneOf([Masking(1.0, value=-1.0), GaussianNoise(1e-6)])(X)
    masked = (spoiled == -1).all(1)
    assert masked.float().mean().item() == pytest.approx(0.5, abs=0.02)
    assert where.all()
    torch.testing.assert_close(spoiled[~masked], X[~masked])


@pytest.mark.parametrize(
    ("make", "word"),
    [(lambda: Masking(1.5), "share"), (lambda: SwapNoise(-1), "share"), (lambda: GaussianNoise(2, 1), "low")],
)
def test_impossible_amounts_are_told(make, word):
    with pytest.raises(OptionError, match=word):
        make()


def test_salt_and_pepper_on_flat_vectors_spoils_numbers_not_rows():
    x = torch.full((200, 50), 0.5)
    spoiled, where = SaltAndPepper(0.3)(x)
    assert torch.equal(where, spoiled != 0.5)
    assert set(spoiled.unique().tolist()) == {0.0, 0.5, 1.0}
    share = where.float().mean(1)
    assert 0.25 < share.mean() < 0.35
    assert 0 < share.min() < share.max() < 1
