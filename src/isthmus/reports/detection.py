"""What a detector found in a table or a folder of pictures, as one HTML file that a manager can open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from isthmus.reports import figures
from isthmus.reports.page import write_page
from isthmus.reports.pictures import data_url, grid, strips
from isthmus.tasks.review import Review

__all__ = ["write_report"]

NEIGHBOURS = 30  # t-SNE's perplexity where there are rows enough


def write_report(seen: Review, path: str | Path, *, source: str) -> None:
    """Write the report of a review.

    Parameters
    ----------
    seen : Review
    path : str or Path
        HTML file; it appears whole or not at all.
    source : str
        What the table is called.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    write_page("detection.html", path, **_content(seen, source))


def _content(seen: Review, source: str) -> dict[str, Any]:
    detector, count, flagged = seen.detector, len(seen.scores), int(seen.flags.sum())
    history = detector.history_.points
    things = "rows" if seen.pictures is None else "pictures"
    return {
        "source": source,
        "count": count,
        "flagged": flagged,
        "share": flagged / count,
        "promised": detector.promised_rate,
        "never": not np.isfinite(detector.threshold_),
        "learned": detector.rows_,
        "calibrated": len(detector.calibration_),
        "oddest": seen.oddest,
        "longest": max((-odd.score for odd in seen.oddest), default=1.0),
        "labelled": seen.truth is not None,
        "columns": [] if seen.pictures is not None else detector.schema_.columns,
        "things": things,
        "strips": [data_url(grid(strip, columns=3)) for strip in strips(seen.pictures or [])],
        "maps": _maps(seen),
        "histogram": Markup(figures.histogram(-seen.scores, detector.threshold_, seen.truth, things=things)),
        "logarithmic": figures.is_logarithmic(seen.scores),
        "training": Markup(
            figures.training_curve(
                [point.step for point in history], [point.losses["model"] for point in history], things=things
            )
        ),
        "measured": _measured(seen),
        "mapped": len(seen.mapped),
    }


def _maps(seen: Review) -> list[dict[str, Any]]:
    """Return the codes of a sample in two dimensions, linearly and by t-SNE."""
    codes, flags = seen.codes, seen.flags[seen.mapped]
    if len(codes) < 8:
        return []
    drawn = [
        {
            "title": "PCA",
            "caption": "The two directions in which the codes differ most. Distances are true, detail is lost.",
            "figure": Markup(figures.scatter(PCA(2, random_state=0).fit_transform(codes), flags)),
        }
    ]
    nearby = min(NEIGHBOURS, (len(codes) - 1) / 3)
    neighbours = TSNE(2, perplexity=nearby, init="pca", random_state=0).fit_transform(codes)
    drawn.append(
        {
            "title": "t-SNE",
            "caption": "What has similar codes lies together; distances between groups mean nothing.",
            "figure": Markup(figures.scatter(neighbours, flags)),
        }
    )
    return drawn


def _measured(seen: Review) -> dict[str, Any] | None:
    """Return what labels let us measure, None without labels of both kinds."""
    truth = seen.truth
    if truth is None or truth.all() or not truth.any():
        return None
    false, true, _ = roc_curve(truth, -seen.scores)
    precision, recall, _ = precision_recall_curve(truth, -seen.scores)
    hits = int((seen.flags & truth).sum())
    return {
        "auroc": roc_auc_score(truth, -seen.scores),
        "auprc": average_precision_score(truth, -seen.scores),
        "odd": int(truth.sum()),
        "found": hits,
        "false_alarms": int((seen.flags & ~truth).sum()),
        "realised": float(np.mean(seen.flags[~truth])),
        "roc": Markup(figures.curves(false, true, ("normal rows flagged", "odd rows found"), chance=(0, 1))),
        "precision_recall": Markup(
            figures.curves(
                recall, precision, ("odd rows found", "flagged rows that are odd"), chance=(truth.mean(),) * 2
            )
        ),
    }
