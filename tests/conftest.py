"""What tests share: where the real data lies, and a box in which torch uses one thread."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)  # the suite runs in several processes


@pytest.fixture(autouse=True)
def threads_left_alone():
    """Nothing may change for good how many threads torch uses: whatever comes after it would pay."""
    yield
    assert torch.get_num_threads() == 1


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data that the project may use and not hold: ISTHMUS_DATA, else beside the checkout."""
    folder = Path(os.environ.get("ISTHMUS_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the shared data sets are not at {folder}; set ISTHMUS_DATA to run this test")
    return folder


@pytest.fixture(scope="session")
def cells():
    """The breast-cancer demonstration: benign cells to learn from, others to judge."""
    from isthmus.tasks.demonstration import breast_cancer

    return breast_cancer(0)


@pytest.fixture(scope="session")
def detector(cells):
    """A detector that has seen the benign half."""
    from isthmus import AnomalyDetector

    return AnomalyDetector(random_state=0).fit(cells.benign)
