import numpy as np
import pytest
import torch

from isthmus.kinds.schema import Cell
from isthmus.networks.features import CellFeatures

chance = np.random.default_rng(0)
COLUMNS = {
    "bytes": (chance.lognormal(5, 2.5, 1000), True),  # most a few hundred, some millions
    "mostly nothing": (np.where(chance.random(1000) < 0.6, 0, chance.lognormal(3, 1.5, 1000)), True),
    "heights": (chance.normal(170, 10, 1000), False),
    "gains and losses": (chance.standard_t(0.7, 1000), False),  # spans more than the bytes
    "mostly nothing, with a short tail": (np.where(chance.random(1000) < 0.4, 0, chance.random(1000)), False),
    "a tail that spans little": (chance.exponential(1, 1000) ** 1.5, False),
    "few values": (chance.choice([0.0, 1, 2, 1000], 1000, p=[0.6, 0.3, 0.09, 0.01]), False),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_amounts_that_span_orders_of_magnitude_are_seen_by_their_rank_as_well(name):
    values, ranked = COLUMNS[name]
    cells = [Cell(column=0, part="value", kind="number", size=0)]
    assert bool(CellFeatures.fit(cells, values[:, None]).ranked_cells) == ranked


def test_by_its_rank_an_amount_of_another_size_stands_out_below_the_largest():
    values = COLUMNS["bytes"][0]
    features = CellFeatures.fit([Cell(column=0, part="value", kind="number", size=0)], values[:, None])
    usual, hundredfold = features(torch.tensor([[np.median(values)], [100 * np.median(values)]], dtype=torch.float64))
    by_number, by_rank = (hundredfold - usual).abs().tolist()
    assert by_number < 1 < by_rank
