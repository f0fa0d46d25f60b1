"""What may be built from a configuration: never much more than the weights beside it."""

import pytest
import torch

from isthmus.errors import ModelError
from isthmus.sparing import BESIDE, Sparing

MANY = BESIDE * 2
LARGE = {
    "a layer": lambda: torch.nn.Linear(MANY // 1000, 1000),
    "zeros": lambda: torch.zeros(MANY // 64, 64),
    "a range": lambda: torch.arange(0, 4 * MANY, 2),
    "a square": lambda: torch.eye(20_000),
    "steps": lambda: torch.linspace(0, 1, MANY),
    "copies": lambda: torch.zeros(4).repeat(MANY, 1),
    "a table of pairs": lambda: torch.zeros(20_000)[:, None] * torch.zeros(20_000),
    "like another": lambda: torch.zeros(4).new_zeros(MANY),
    "many small ones": lambda: [torch.zeros(2**20).clone() for _ in range(200)],
}


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE.keys())
def test_what_asks_for_much_more_than_is_stored_is_refused(make):
    with pytest.raises(ModelError, match="much larger than the weights"), Sparing({"weight": torch.zeros(10)}):
        make()


def test_what_is_stored_may_be_built():
    stored = torch.nn.Linear(2000, 2000).state_dict()
    with Sparing(stored):
        torch.nn.Linear(2000, 2000).load_state_dict(stored)
        torch.zeros(1000, 1).expand(1000, 1_000_000)  # takes no memory
