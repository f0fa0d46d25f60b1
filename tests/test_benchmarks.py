"""What benchmarks draw for people, on codes made by hand: nothing is trained here."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

from isthmus.reports.pictures import sheet

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def disentangling(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("disentangling")


def test_a_number_is_said_to_carry_what_it_tells_most_of(disentangling):
    chance = np.random.default_rng(0)
    factors = chance.integers(0, 8, (4000, 5))  # shape, size, orientation, across, down
    noise = chance.normal(size=(4000, 5))
    codes = np.stack(
        [noise[:, 0], factors[:, 4] + 0.1 * noise[:, 1], factors[:, 3] + 2 * noise[:, 2], factors[:, 3] * -1.0,
         factors[:, 1] + 10 * (factors[:, 0] > 3)], 1,
    )  # fmt: skip
    assert disentangling.captions(codes, factors) == [
        "number 0", "number 1: down", "number 2", "number 3: across", "number 4: shape and size",
    ]  # fmt: skip


def test_every_row_of_the_traversals_is_one_number_and_captioned(disentangling):
    class Model:
        """A code of three numbers, the second of which is how light the picture is."""

        def embed(self, batch):
            return torch.zeros(len(batch.x), 3)

        def decode(self, code):
            return (code[:, 1] / 4 + 0.5).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)

    rows = disentangling.traversals(Model(), torch.zeros(1, 1, 8, 8))
    light = [[int(picture.mean()) for picture in row] for row in rows]
    assert light == [[128] * 9, [0, 32, 64, 96, 128, 159, 191, 223, 255], [128] * 9]
    labels = ["number 0", "number 1: light", "number 2"]
    steps = ["-2", "-1.5", "-1", "-0.5", "0", "0.5", "1", "1.5", "2"]
    assert disentangling.drawn(rows, labels) == sheet(rows, labels, headings=steps)
