"""One walk over a table, or over pictures, with a fitted detector: all that a report or a screen tells of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from isthmus.errors import OptionError
from isthmus.kinds import tables
from isthmus.kinds.csv_files import is_csv
from isthmus.kinds.table_files import TableWriter
from isthmus.kinds.typed import typing_of
from isthmus.tasks.annotate import annotate, only_known, reasons
from isthmus.tasks.anomaly import AnomalyDetector
from isthmus.tasks.explaining import Told, silent
from isthmus.tasks.labels import odd_rows
from isthmus.tasks.picture_judge import PictureReason
from isthmus.words import counted

__all__ = ["Odd", "Review", "explain_rows", "review", "review_pictures", "score_to_file"]

MAPPED = 800  # rows on the map of the codes: t-SNE takes seconds for these


@dataclass(frozen=True, slots=True)
class Odd:
    """One of the oddest rows."""

    row: int
    score: float
    p_value: float
    flag: bool
    reasons: str
    odd: bool | None  # what the label says, if there is one


@dataclass(frozen=True, slots=True)
class Review:
    """What a detector says of a table.

    Attributes
    ----------
    detector : AnomalyDetector
    scores, p_values, flags : arrays (rows,)
    oddest : list of Odd
        The lowest scores first.
    codes : array (sampled, width)
        Codes of a sample of the rows.
    mapped : array (sampled,)
        Their row numbers.
    truth : boolean array (rows,), optional
        What the label says.
    pictures : list of PictureReason, optional
        Where pictures, not rows, were judged: the oddest, in the same order.
    """

    detector: AnomalyDetector
    scores: np.ndarray
    p_values: np.ndarray
    flags: np.ndarray
    oddest: list[Odd]
    codes: np.ndarray
    mapped: np.ndarray
    truth: np.ndarray | None
    pictures: list[PictureReason] | None = None

    def oddest_json(self) -> list[dict[str, Any]]:
        """Return the oddest rows as JSON can hold them."""
        return [asdict(odd) for odd in self.oddest]


def review(
    detector: AnomalyDetector,
    X: Any,
    *,
    oddest: int = 30,
    telling: int = 3,
    label: str | None = None,
    normal: str | None = None,
    delimiter: str | None = None,
    seed: int = 0,
    told: Told = silent,
) -> Review:
    """Score a table of any length in one pass, keeping its oddest rows and a sample for the map.

    Parameters
    ----------
    detector : fitted AnomalyDetector
    X : as for `AnomalyDetector.fit`
    oddest, telling : int
        Rows to keep, and columns to name for each.
    label, normal : str, optional
        A column that tells odd rows, and its value for normal ones.
    delimiter : str, optional
        Of a CSV file.
    seed : int
        Of the sample.
    told : function of what is done ("scored", "explained") and with how many rows so far
    """
    if label in detector.columns_:
        raise OptionError(f"label column {label!r} is one of those that the detector learned from; fit it without it")
    chance = np.random.default_rng(seed)
    scores, labels = [], []
    kept: pa.Table | None = None
    kept_rows = np.empty(0, int)
    sample: pa.Table | None = None
    sample_rows, keys = np.empty(0, int), np.empty(0)
    first = 0
    for table, cells in detector.encoded(X, delimiter=delimiter, beside=label):
        own = detector.score_rows(cells)
        rows = np.arange(first, first + len(own))
        if label:
            labels.append(table.select([label]) if label in table.column_names else odd_rows(table, label))
        kept, kept_rows = _with(kept, kept_rows, table, rows)
        scores.append(own)
        everything = np.concatenate(scores)
        best = np.argsort(everything[kept_rows], kind="stable")[: max(oddest, 1)]
        kept, kept_rows = kept.take(best), kept_rows[best]
        sample, sample_rows = _with(sample, sample_rows, table, rows)
        keys = np.concatenate([keys, chance.random(len(own))])
        least = np.sort(np.argsort(keys, kind="stable")[:MAPPED])
        sample, sample_rows, keys = sample.take(least), sample_rows[least], keys[least]
        first += len(own)
        told("scored", first)
    assert kept is not None
    assert sample is not None
    if label:
        kept, sample = kept.drop_columns([label]), sample.drop_columns([label])
    all_scores = np.concatenate(scores)
    truth = odd_rows(pa.concat_tables(labels), label, normal=normal) if label else None
    p_values = detector.p_values_of(all_scores)
    flags = all_scores < detector.offset_
    texts = reasons(detector, kept, telling, told) if telling else [""] * len(kept_rows)
    found = [
        Odd(int(row), float(all_scores[row]), float(p_values[row]), bool(flags[row]), text,
            None if truth is None else bool(truth[row]))
        for row, text in zip(kept_rows, texts, strict=True)
    ]  # fmt: skip
    return Review(
        detector, all_scores, p_values, flags, found, detector.embed(only_known(detector, sample)), sample_rows, truth
    )


def review_pictures(detector: AnomalyDetector, X: Any, *, oddest: int = 30, seed: int = 0) -> Review:
    """Score pictures, keeping the oddest with what was expected of them, and a sample for the map.

    Parameters
    ----------
    detector : AnomalyDetector fitted to pictures
    X : as for its `fit`
    oddest : int
        Pictures to keep.
    seed : int
        Of the sample.
    """
    assert detector.judge_ is not None
    pictures = detector.judge_.open(X)
    scores = detector.judge_.score(pictures)
    p_values, flags = detector.p_values_of(scores), scores < detector.offset_
    order = np.argsort(scores, kind="stable")[:oddest]
    mapped = np.sort(np.random.default_rng(seed).permutation(len(scores))[:MAPPED])
    found = [
        Odd(int(place), float(scores[place]), float(p_values[place]), bool(flags[place]), pictures.names[place], None)
        for place in order
    ]
    reasons_why = detector.judge_.explain(pictures.part(torch.from_numpy(order)))
    codes = detector.judge_.embed(pictures.part(torch.from_numpy(mapped)))
    return Review(detector, scores, p_values, flags, found, codes, mapped, None, reasons_why)


def score_to_file(
    detector: AnomalyDetector,
    X: Any,
    out: str | Path,
    *,
    telling: int = 3,
    delimiter: str | None = None,
    told: Told = silent,
) -> tuple[int, int]:
    """Write all rows of X, annotated, to a CSV or Parquet file; return how many there were and were flagged.

    A CSV file is written with the delimiter it is read with; what was text there has types in a Parquet file. `told`
    is called as by `review`, a part at a time.
    """
    count = flagged = 0
    untyped = isinstance(X, (str, Path)) and is_csv(Path(X)) and not is_csv(Path(out))
    typed = typing_of(detector.schema_, Path(X), delimiter) if untyped else lambda part: part
    with TableWriter(out, delimiter) as writer:
        for part in annotate(detector, X, telling=telling, delimiter=delimiter):
            writer.write(typed(part))
            count += part.num_rows
            flagged += int(part.column(part.num_columns - 2).to_numpy().sum())
            told("scored", count)
    return count, flagged


def explain_rows(
    detector: AnomalyDetector, X: Any, rows: list[int] | None = None, *, top: int = 5, delimiter: str | None = None
) -> Any:
    """Explain some rows of a table: the ones asked for, or the ten oddest.

    Raises
    ------
    OptionError
        If the table has no such row.
    """
    if rows is None:
        rows = [odd.row for odd in review(detector, X, oddest=10, telling=0, delimiter=delimiter).oddest]
    found: dict[int, pa.Table] = {}
    first = 0
    for table in tables.stream(X, delimiter=delimiter):
        for row in rows:
            if first <= row < first + table.num_rows:
                found[row] = table.slice(row - first, 1)
        first += table.num_rows
    gone = [row for row in rows if row not in found]
    if gone:
        raise OptionError(f"row {gone[0]}: the table has {counted(first, 'row')}, numbered from 0")
    asked = tables.numbered(pa.concat_tables([found[row] for row in rows]), rows, tables.source_name(X))
    frame = detector.explain(only_known(detector, asked), top=top)
    frame["row"] = np.asarray(rows)[frame["row"].to_numpy()]
    return frame


def _with(table: pa.Table | None, places: np.ndarray, more: pa.Table, rows: np.ndarray) -> tuple[pa.Table, np.ndarray]:
    joined = more if table is None else pa.concat_tables([table, more])
    return joined, np.concatenate([places, rows])
