"""At which noise a table is looked at."""

import pytest
import torch
from torch import nn

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.vector import Vector
from isthmus.distances import Normal
from isthmus.recipes.denoising import HIGH, LOW, restorable_noise, restored_share


class Best(nn.Module):
    """The best that can be done for columns that are all one normal number, or each its own."""

    def __init__(self, alike: bool) -> None:
        super().__init__()
        self.alike = alike

    def forward(self, told):
        x, noise = told["x"], told["noise"]
        mean = x.mean(1, keepdim=True).expand_as(x) if self.alike else x
        count = x.shape[1] if self.alike else 1
        return mean / (1 + noise.square() / count)


class AsItIs(nn.Module):
    def forward(self, value, given=None):
        return value


def found(alike: bool, x: torch.Tensor) -> float:
    torch.manual_seed(1)
    model = AutoEncoder(encoder=Best(alike), code=Vector(), decoder=AsItIs(), distance=Normal())
    return restorable_noise(model, x, share=0.9)


def test_it_is_the_noise_of_which_the_best_restorer_leaves_a_tenth():
    torch.manual_seed(0)
    own = torch.randn(4000, 4)  # restored but for σ² / (1 + σ²), a tenth where σ = 1/3
    assert found(False, own) == pytest.approx(1 / 3, rel=0.05)
    same = torch.randn(4000, 1).expand(-1, 4)  # four looks at one number bear twice the noise
    assert found(True, same) == pytest.approx(2 / 3, rel=0.05)


def test_it_stays_among_the_noises_that_were_taught():
    torch.manual_seed(0)
    assert found(True, torch.randn(500, 1).expand(-1, 400)) == pytest.approx(HIGH, rel=0.02)
    assert found(True, torch.randn(500, 4)) == LOW  # restores nothing: their mean is not what they are
    assert found(False, torch.zeros(5, 3)) == LOW


def test_the_share_restored_is_that_of_the_variance():
    torch.manual_seed(0)
    model = AutoEncoder(encoder=Mean(), code=Vector(), decoder=AsItIs(), distance=Normal())
    own = torch.randn(4000, 4)
    assert restored_share(model, own) == pytest.approx(1 / 4, rel=0.05)
    assert restored_share(model, own[:, :1].expand(-1, 4)) == pytest.approx(1)
    assert restored_share(model, torch.zeros(5, 4)) == 1  # nothing is lost of nothing


class Mean(nn.Module):
    """Keeps of a row its mean alone."""

    def forward(self, x):
        return x.mean(1, keepdim=True).expand_as(x)
