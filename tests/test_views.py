import pytest
import torch

from isthmus.views import Warps


@pytest.mark.parametrize("side", [8, 20])
def test_a_view_of_dark_on_light_is_that_of_light_on_dark_inverted(side):
    torch.manual_seed(0)
    x = torch.zeros(4, 1, side, side)
    x[..., 2:-2, 2:-2] = torch.rand(4, 1, side - 4, side - 4)
    seen = []
    for pictures in (x, 1 - x):
        torch.manual_seed(1)
        seen.append(Warps()(pictures))
    torch.testing.assert_close(seen[1], 1 - seen[0])
    assert not torch.allclose(seen[0], x)


def test_what_is_not_moved_stays_sharp_and_within_its_scale():
    torch.manual_seed(0)
    x = torch.rand(4, 3, 8, 8)
    torch.testing.assert_close(Warps(turn=0, scale=0, slant=0, move=0)(x), x)
    seen = Warps(move=0.5)(x)
    assert seen.min() >= 0
    assert seen.max() <= 1
