"""Split-conformal calibration: p-values and thresholds that keep their word (Vovk et al., 2005; Bates et al., 2023,
arXiv:2104.08279).

If calibration rows and a new normal row are exchangeable, its p-value is at most α with probability at most α,
whatever the score is.
"""

from __future__ import annotations

import numpy as np

__all__ = ["p_values", "threshold"]


def p_values(calibration: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the share of calibration rows at least as abnormal, the row itself counted.

    Parameters
    ----------
    calibration : array (n,)
        Sorted scores of normal rows that took no part in training; lower is more abnormal.
    scores : array (rows,)

    Returns
    -------
    array (rows,)
        Between 1 / (n + 1) and 1.
    """
    return (1 + np.searchsorted(calibration, scores, side="right")) / (len(calibration) + 1)


def threshold(calibration: np.ndarray, rate: float) -> float:
    """Return the score at or below which a row's p-value is at most `rate`; -inf if no score can be that sure."""
    most = int(np.floor(rate * (len(calibration) + 1) + 1e-9)) - 1  # calibration rows a flagged row may leave below it
    return -np.inf if most < 0 else float(np.nextafter(calibration[most], -np.inf))
