"""The classical detectors, on the same rows and the same standardised features as ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["CLASSICAL", "MOST_ROWS", "SVM_ROWS", "Missing"]

MOST_ROWS = 20_000  # that any detector learns from; some take the square of them
SVM_ROWS = 3000  # that a one-class SVM learns from


class Missing(Exception):
    """A library that a detector needs is not installed; the message says how to get it."""


def isolation_forest(train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Isolation forest (Liu et al., 2008)."""
    from sklearn.ensemble import IsolationForest

    return _scored(IsolationForest(random_state=seed), train, test)


def k_nearest(train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Distance to the nearest training row, the strongest k for clean training data."""
    from sklearn.neighbors import NearestNeighbors

    distances: np.ndarray = NearestNeighbors(n_neighbors=1).fit(train).kneighbors(test)[0][:, 0]
    return -distances


def one_class_svm(train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """One-class support vector machine (Schölkopf et al., 2001), on at most `SVM_ROWS` rows."""
    from sklearn.svm import OneClassSVM

    few = np.random.default_rng(seed).permutation(len(train))[:SVM_ROWS]
    return _scored(OneClassSVM(nu=0.1), train[few], test)


def gaussian_mixture(train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Mixture of up to five normal laws."""
    from sklearn.mixture import GaussianMixture

    parts = max(1, min(5, len(train) // (5 * train.shape[1])))
    return _scored(GaussianMixture(parts, reg_covar=1e-3, random_state=seed), train, test)


def principal_components(train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Squared error of the components that hold 90% of the variance."""
    from sklearn.decomposition import PCA

    model = PCA(n_components=0.9, svd_solver="full").fit(train)
    residual: np.ndarray = ((model.inverse_transform(model.transform(test)) - test) ** 2).sum(1)
    return -residual


def ecod(train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Empirical-cumulative-distribution detector (Li et al., 2022), from PyOD."""
    try:
        from pyod.models.ecod import ECOD
    except ImportError:
        raise Missing("ECOD is left out: pip install 'isthmus[compare]' brings it") from None
    return -np.asarray(ECOD().fit(train).decision_function(test))


# name -> (train features, test features, seed) -> scores, lower is more abnormal
CLASSICAL: dict[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {
    "isolation forest": isolation_forest,
    "nearest neighbour": k_nearest,
    "one-class SVM": one_class_svm,
    "Gaussian mixture": gaussian_mixture,
    "PCA": principal_components,
    "ECOD": ecod,
}


def _scored(model: Any, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    return np.asarray(model.fit(train).score_samples(test))
