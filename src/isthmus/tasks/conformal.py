"""Split-conformal calibration: p-values and thresholds that keep their word (Vovk et al., 2005; Bates et al., 2023,
arXiv:2104.08279).

If calibration rows and a new normal row are exchangeable, its p-value is at most α with probability at most α,
whatever the score is.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from isthmus.errors import CalibrationWarning

__all__ = ["NEVER", "conformal_offset", "p_values", "threshold"]

NEVER = -float(np.finfo(np.float64).max)  # an offset below which no score lies; finite, as scores minus it must be


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


def conformal_offset(calibration: np.ndarray, rate: float, rows: int) -> float:
    """Return the score below which rows are flagged: `NEVER`, with a warning, where so few cannot promise the rate.

    Parameters
    ----------
    calibration : array (n,)
    rate : float
        Share of normal rows that may be flagged.
    rows : int
        How many there were to learn from and to calibrate on, for the warning.
    """
    count = len(calibration)
    if rate * (count + 1) < 1 - 1e-9:
        least = math.ceil(1000 / (count + 1)) / 1000
        warnings.warn(
            f"{rows:,} to learn from leave {count:,} to calibrate on, too few to flag any at a false-alarm rate of "
            f"{rate:g}: none will ever be flagged. Give more, or false_alarm_rate= (--false-alarm-rate) {least:g} or "
            "more", CalibrationWarning, stacklevel=4,
        )  # fmt: skip
        return NEVER
    return float(np.nextafter(threshold(calibration, rate), np.inf))
