"""Model cards: what a folder says of itself to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isthmus.version import __version__
from isthmus.words import counted

if TYPE_CHECKING:
    from isthmus.tasks.anomaly import AnomalyDetector

__all__ = ["detector_card"]


def detector_card(detector: AnomalyDetector) -> str:
    """Return the card of an anomaly detector, Markdown."""
    calibration = -detector.calibration_[::-1]
    nats = np.quantile(calibration, [0.5, 0.95, 0.99])
    if detector.judge_ is not None:
        seen, columns = f"pictures, brought to {detector.judge_.frame}", []
    else:
        seen, columns = "rows", _columns(detector)
    return "\n".join(
        [
            "# Anomaly detector",
            "",
            f"Made by Isthmus {__version__} from {detector.rows_:,} {seen}. It prices each in nats; "
            f"{detector.flagged_words}.",
            "",
            f"Measured on {len(calibration):,} held back from training: median {nats[0]:.3g} nats, 95% below "
            f"{nats[1]:.3g}, 99% below {nats[2]:.3g}. P-values are split-conformal: of new ones like those, at most a "
            "share α has a p-value of α or less.",
            "",
            f"Training: {detector.history_.steps} steps; last loss {detector.history_.points[-1].losses['model']:.4g} "
            "nats each.",
            "",
            *columns,
            "What it cannot tell: whether what is odd is bad. It knows only what it was trained on.",
            "",
        ]
    )


def _columns(detector: AnomalyDetector) -> list[str]:
    rows = [
        f"| {_plain(column.name)} | {column.type} | {_plain(_note(column))} |" for column in detector.schema_.columns
    ]
    return ["| column | taken for | |", "|---|---|---|", *rows, ""]


def _note(column: object) -> str:
    from isthmus.kinds.schema import Column

    assert isinstance(column, Column)
    if column.reason:
        return column.reason
    return counted(len(column.categories), "category", "categories") if column.categories else ""


def _plain(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
