"""Our detector beside the classical ones, on a user's own table."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from isthmus.errors import DataError
from isthmus.kinds import tables
from isthmus.networks.features import CellFeatures
from isthmus.tasks.anomaly import AnomalyDetector
from isthmus.tasks.classical import CLASSICAL, MOST_ROWS, SVM_ROWS, Missing
from isthmus.tasks.labels import odd_rows
from isthmus.words import counted

__all__ = ["OURS", "Comparison", "Row", "compare"]

OURS = "Isthmus"


@dataclass(frozen=True, slots=True)
class Row:
    """How one detector did.

    Attributes
    ----------
    detector : str
    auroc, auprc : float, optional
        On held-out rows, where there are labels.
    agreement : float
        Rank correlation of its scores with ours.
    shared : float
        Share of our most abnormal 1% that is in its own.
    seconds : float
        To fit and to score.
    """

    detector: str
    auroc: float | None
    auprc: float | None
    agreement: float
    shared: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The ranked table: by AUROC where there are labels, else by agreement with ours.

    Attributes
    ----------
    rows : list of Row
    trained, tested : int
        How many rows each detector learned from and was tested on.
    notes : list of str
        What was left out, and how to get it; who learned from fewer rows.
    """

    rows: list[Row]
    trained: int
    tested: int
    notes: list[str] = field(default_factory=list)


def compare(
    X: Any, *, label: str | None = None, normal: str | None = None, seed: int = 0, **options: Any
) -> Comparison:
    """Fit every detector on one half of the (normal) rows and score all other rows.

    Parameters
    ----------
    X : as for `AnomalyDetector.fit`
    label : str, optional
        A column that tells odd rows; no detector sees it, and odd rows are only ever scored.
    normal : str, optional
        The label's value for normal rows, where it is not plain.
    seed : int
    **options
        Hyperparameters of our detector.

    Raises
    ------
    DataError
        If the table cannot be used, or the label is always the same.
    """
    table = tables.read(X)
    odd = odd_rows(table, label, normal=normal) if label else np.zeros(table.num_rows, bool)
    if label:
        if odd.all() or not odd.any():
            raise DataError(
                f"label column {label!r} calls {'every' if odd.all() else 'no'} row odd; nothing to compare by"
            )
        table = table.drop_columns([label])
    if (~odd).sum() < 4:
        name = tables.source_name(X)
        held = counted(int((~odd).sum()), "(normal) row")
        raise DataError(f"{name} has {held}: half of them teach, and 4 at least are needed")
    ordinary = np.random.default_rng(seed).permutation(np.flatnonzero(~odd))
    half = len(ordinary) // 2
    taught = np.sort(ordinary[:half][:MOST_ROWS])
    tested = np.sort(np.concatenate([ordinary[half:], np.flatnonzero(odd)]))
    train, test = tables.selected(table, taught), tables.selected(table, tested)

    began = time.perf_counter()
    ours = AnomalyDetector(random_state=seed, **options).fit(train)
    reference = ours.score_samples(test)
    scores, seconds = {OURS: reference}, {OURS: time.perf_counter() - began}
    notes = []
    if half > MOST_ROWS:
        notes.append(f"Of the {half:,} rows to learn from, {MOST_ROWS:,} were taken, for all detectors.")
    if len(taught) > SVM_ROWS:
        notes.append(f"The one-class SVM learned from {SVM_ROWS:,} of them.")
    plain = _plain_features(ours, train)
    known, unknown = (plain(part) for part in (train, test))
    for name, detector in CLASSICAL.items():
        began = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a mixture that did not converge still ranks
                scores[name] = detector(known, unknown, seed)
        except Missing as error:
            notes.append(str(error))
            continue
        seconds[name] = time.perf_counter() - began
    truth = odd[tested] if label else None
    rows = [_row(name, scores[name], reference, truth, seconds[name]) for name in scores]
    rows.sort(key=lambda row: -(row.agreement if row.auroc is None else row.auroc))
    return Comparison(rows, len(taught), len(tested), notes)


def _row(name: str, scores: np.ndarray, reference: np.ndarray, truth: np.ndarray | None, seconds: float) -> Row:
    few = max(1, len(reference) // 100)
    top, own = np.argsort(reference)[:few], np.argsort(scores)[:few]
    agreement = float(np.nan_to_num(spearmanr(reference, scores).statistic)) if len(reference) > 1 else 1.0
    return Row(
        detector=name,
        auroc=None if truth is None else float(roc_auc_score(truth, -scores)),
        auprc=None if truth is None else float(average_precision_score(truth, -scores)),
        agreement=agreement,
        shared=len(np.intersect1d(top, own)) / few,
        seconds=seconds,
    )


def _plain_features(detector: AnomalyDetector, train: Any) -> Any:
    """Return a function from tables to what the classical detectors read: standardised numbers, one-hot categories."""
    cells = detector.schema_.encode(train)
    features = CellFeatures.fit(detector.schema_.cells, cells)

    def plain(table: Any) -> np.ndarray:
        rows = torch.from_numpy(detector.schema_.encode(table))
        return np.asarray(features(rows).numpy(), dtype=np.float64)

    return plain
