"""Which number of a code carries which factor: the usual measures of disentanglement.

They need codes (samples, numbers) and the factors they were made from, whole numbers (samples, factors). MIG, DCI and
SAP are taken as Locatello et al. (2019, arXiv:1811.12359, appendix C) take them, with scikit-learn's estimators.
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import mutual_info_score
from sklearn.model_selection import train_test_split
from sklearn.svm import LinearSVC

from isthmus.errors import DataError

__all__ = ["dci", "mig", "mutual_information", "sap"]

BINS = 20  # into which each number of a code is cut


def mutual_information(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return what each number tells of each factor, (numbers, factors) nats, numbers cut into 20 bins."""
    _check(codes, factors)
    edges = [np.histogram_bin_edges(column, BINS)[1:-1] for column in codes.T]
    binned = np.stack([np.digitize(column, edge) for column, edge in zip(codes.T, edges, strict=True)], 1)
    return np.array([[mutual_info_score(number, factor) for factor in factors.T] for number in binned.T])


def mig(codes: np.ndarray, factors: np.ndarray) -> float:
    """Return the mutual information gap (Chen et al., 2018, arXiv:1802.04942, equation 6).

    For each factor, how much more the number that tells most of it tells than the next one, as a share of the
    factor's entropy; the mean over factors. Between 0 and 1.
    """
    told = np.sort(mutual_information(codes, factors), 0)
    entropy = np.array([mutual_info_score(factor, factor) for factor in factors.T])
    return float(((told[-1] - told[-2]) / entropy).mean())


def sap(codes: np.ndarray, factors: np.ndarray, *, seed: int = 0) -> float:
    """Return the separated attribute predictability (Kumar et al., 2018, arXiv:1711.00848).

    For each factor, by how much the best single number predicts it better than the next, by a linear support vector
    machine on held-out samples; the mean over factors.
    """
    _check(codes, factors)
    scale = codes.std(0) + 1e-12
    learned, held, learned_factors, held_factors = train_test_split(codes / scale, factors, random_state=seed)
    scores = np.array(
        [
            [
                LinearSVC(C=0.01, class_weight="balanced").fit(learned[:, [j]], learned_factors[:, k])
                .score(held[:, [j]], held_factors[:, k])
                for k in range(factors.shape[1])
            ]
            for j in range(codes.shape[1])
        ]
    )  # fmt: skip
    best = np.sort(scores, 0)
    return float((best[-1] - best[-2]).mean())


def dci(codes: np.ndarray, factors: np.ndarray, *, seed: int = 0) -> dict[str, float]:
    """Return disentanglement, completeness and informativeness (Eastwood & Williams, 2018).

    Boosted trees predict each factor from all numbers; a number's importance is what permuting it costs on held-out
    samples. Disentanglement: does a number serve one factor? Completeness: is a factor served by one number?
    Informativeness: how often are factors predicted right?
    """
    _check(codes, factors)
    learned, held, learned_factors, held_factors = train_test_split(codes, factors, random_state=seed)
    importance, right = [], []
    for k in range(factors.shape[1]):
        trees = HistGradientBoostingClassifier(max_iter=30, random_state=seed).fit(learned, learned_factors[:, k])
        found = permutation_importance(trees, held, held_factors[:, k], n_repeats=2, random_state=seed)
        importance.append(found.importances_mean.clip(min=0))
        right.append(trees.score(held, held_factors[:, k]))
    matrix = np.array(importance).T + 1e-12  # (numbers, factors)
    return {
        "disentanglement": float(_evenness(matrix) @ (matrix.sum(1) / matrix.sum())),
        "completeness": float(_evenness(matrix.T) @ (matrix.sum(0) / matrix.sum())),
        "informativeness": float(np.mean(right)),
    }


def _evenness(matrix: np.ndarray) -> np.ndarray:
    """Return 1 minus the entropy of every row, as a share of the greatest."""
    share = matrix / matrix.sum(1, keepdims=True)
    return np.asarray(1 + (share * np.log(share)).sum(1) / np.log(matrix.shape[1]))


def _check(codes: np.ndarray, factors: np.ndarray) -> None:
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or codes.shape[1] < 2:
        raise DataError(
            f"codes and factors must be (samples, 2 or more numbers) and (samples, factors), not {codes.shape} and "
            f"{factors.shape}"
        )
