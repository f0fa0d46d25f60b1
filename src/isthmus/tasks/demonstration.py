"""The data of the demonstration: Wisconsin breast cancer cells, bundled with scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from isthmus.tasks.anomaly import AnomalyDetector

__all__ = ["Cells", "breast_cancer"]


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells in two parts.

    Attributes
    ----------
    benign : DataFrame
        Half of the benign cells, without the label: what is learned from.
    unseen : DataFrame
        The other benign and all malignant cells, with the label.
    label : str
        The label's column, 1 for malignant.
    everything : DataFrame
        All cells, with the label.
    """

    benign: Any
    unseen: Any
    label: str
    everything: Any

    def fit(self, seed: int) -> AnomalyDetector:
        """Return a detector that has seen the benign half."""
        return AnomalyDetector(random_state=seed, progress=True).fit(self.benign)


def breast_cancer(seed: int = 0) -> Cells:
    """Return the 569 cells, 357 of them benign, half of which are set aside to learn from."""
    from sklearn.datasets import load_breast_cancer

    features, benign = load_breast_cancer(return_X_y=True, as_frame=True)
    everything = features.assign(malignant=1 - benign)
    order = np.random.default_rng(seed).permutation(np.flatnonzero(benign == 1))
    taught = np.sort(order[: len(order) // 2])
    unseen = everything.drop(index=taught).reset_index(drop=True)
    return Cells(features.loc[taught].reset_index(drop=True), unseen, "malignant", everything)
