"""What discrete speech units stand for, where phones are labelled: a map, and how well it fits.

Labels lie beside a recording as a `.phn` file of lines "start end phone", counted in samples (as in TIMIT).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from isthmus.errors import DataError

__all__ = ["agreement", "aligned_phones", "phone_map"]


def aligned_phones(path: str | Path, count: int, samples: float) -> np.ndarray:
    """Return the phone at the middle of each of `count` units of so many samples, (count,) str; "" where none is.

    Raises
    ------
    DataError
        Naming the file and the line that is not "start end phone".
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} does not exist: phone labels lie beside a recording, under its name")
    starts, ends, phones = [], [], []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        parts = line.split()
        if len(parts) != 3 or not (parts[0].isdigit() and parts[1].isdigit()):
            raise DataError(f'{path}, line {number}: expected "start end phone", not {line[:40]!r}')
        starts.append(int(parts[0]))
        ends.append(int(parts[1]))
        phones.append(parts[2])
    middle = (np.arange(count) + 0.5) * samples
    place = np.searchsorted(starts, middle, side="right") - 1
    inside = (place >= 0) & (middle < np.append(ends, 0)[place])
    return np.where(inside, np.append(phones, "")[place], "")


def phone_map(units: np.ndarray, phones: np.ndarray) -> pd.DataFrame:
    """Return for each unit the phone it most often stands at, and how often: columns unit, phone, share, count."""
    table = _together(units, phones)
    best = table.to_numpy().argmax(1)
    return pd.DataFrame(
        {
            "unit": table.index,
            "phone": table.columns[best],
            "share": table.to_numpy().max(1) / table.to_numpy().sum(1),
            "count": table.to_numpy().sum(1),
        }
    ).sort_values("count", ascending=False, ignore_index=True)


def agreement(units: np.ndarray, phones: np.ndarray) -> dict[str, float]:
    """Return how well units and phones agree, as Hsu et al. (2021, arXiv:2106.07447, section V-A) count it.

    `purity`: share of units whose phone is the one their unit most often stands at. `pnmi`: mutual information as a
    share of the phones' entropy.
    """
    joint = _together(units, phones).to_numpy() / len(units)
    of_unit, of_phone = joint.sum(1, keepdims=True), joint.sum(0, keepdims=True)
    told = (joint * np.log(np.where(joint > 0, joint / (of_unit * of_phone), 1.0))).sum()
    return {"purity": float(joint.max(1).sum()), "pnmi": float(told / -(of_phone * np.log(of_phone)).sum())}


def _together(units: np.ndarray, phones: np.ndarray) -> pd.DataFrame:
    if len(units) != len(phones) or len(units) == 0:
        raise DataError(f"there must be one phone a unit, not {len(phones)} for {len(units)}")
    return pd.crosstab(np.asarray(units), np.asarray(phones))
