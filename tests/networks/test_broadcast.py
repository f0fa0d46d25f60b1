"""The spatial broadcast decoder: places are numbers like any other."""

from __future__ import annotations

import torch

from isthmus.networks.broadcast import REACH, BroadcastDecoder


def test_a_number_of_the_code_can_move_the_whole_picture():
    torch.manual_seed(0)
    decoder = BroadcastDecoder(4, (3, 9, 13), width=16)
    with torch.no_grad():
        decoder.of_code.weight[:, 0] = decoder.of_place.weight[:, 0]  # the first number goes where "down" goes
    code = torch.randn(2, 4)
    moved = code.clone()
    moved[:, 0] += 2 * REACH / 8  # a row
    before, after = decoder(code), decoder(moved)
    assert before.shape == (2, 3, 9, 13)
    assert torch.allclose(after[:, :, :-1], before[:, :, 1:], atol=1e-5)
