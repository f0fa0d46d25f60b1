"""The recipes for voices, held to the laws."""

from __future__ import annotations

import torch

from isthmus.code import Batch
from isthmus.recipes.adain_vc import AnotherVoice, NewVoices, adain_vc
from tests.laws import RecipeLaws


def pairs(rows=4, frames=32):
    torch.manual_seed(0)
    return Batch(
        {"said": torch.randn(rows, 80, frames), "voice": torch.randn(rows, 80, frames)},
        {"speaker": torch.arange(rows) % 2},
    )


class TestAdaINVC(RecipeLaws):
    make, batch = staticmethod(lambda: adain_vc(width=16, content=4, style=8)), pairs()


def test_the_target_stays_in_its_own_voice():
    x = pairs().x
    spoiled, where = AnotherVoice()(x)
    assert where is None
    assert torch.equal(spoiled["voice"], x["voice"])
    assert not torch.equal(spoiled["said"], x["said"])


def test_a_new_voice_is_one_for_both_recordings_of_a_row():
    torch.manual_seed(0)
    one = torch.randn(4, 80, 32)
    seen = NewVoices()({"said": one, "voice": one.clone()})
    assert torch.equal(seen["said"], seen["voice"])
    assert not torch.equal(seen["said"], one)
