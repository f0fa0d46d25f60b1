"""Figures as SVG text, to stand inside a page: readable on light and dark ground, no file and no request."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

__all__ = ["curves", "histogram", "is_logarithmic", "scatter", "training_curve"]

NORMAL, ODD, INK = "#3b82c4", "#e4572e", "#7a8290"  # told apart by colour-blind people, and on either ground
MANY, NARROW = 200, 1.0  # things from which the common ones would hide the odd ones; nats that a histogram spans
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "isthmus",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def histogram(lengths: np.ndarray, threshold: float, truth: np.ndarray | None = None, *, things: str = "rows") -> str:
    """Return how description lengths are spread, nats, with the threshold; odd rows apart where labels tell."""
    low, high = lengths.min(), np.quantile(lengths, 0.999) + 1e-9
    if high - low < NARROW:
        low, high = low - NARROW / 2, high + NARROW / 2
    edges = np.linspace(low, high, 60)
    clipped = np.minimum(lengths, edges[-1])
    flagged = lengths > threshold if truth is None else truth
    names = ("not flagged", "flagged") if truth is None else ("normal by its label", "odd by its label")
    with _axes() as (figure, axes):
        axes.hist([clipped[~flagged], clipped[flagged]], edges, stacked=True, color=[NORMAL, ODD], label=names)
        if np.isfinite(threshold):
            axes.axvline(min(threshold, edges[-1]), color=INK, linestyle="--", linewidth=1.2, label="threshold")
        axes.set(xlabel="description length (nats): the longer, the odder", ylabel=things)
        if is_logarithmic(lengths):
            axes.set_yscale("log")
        else:
            axes.yaxis.get_major_locator().set_params(integer=True)
        axes.legend()
        return _svg(figure)


def is_logarithmic(lengths: np.ndarray) -> bool:
    """Whether a histogram counts on a logarithmic scale: of few, one would hardly be seen there."""
    return len(lengths) >= MANY


def scatter(points: np.ndarray, flags: np.ndarray) -> str:
    """Return a map: (n, 2) points, the flagged ones on top in their own colour."""
    with _axes(width=4.6, height=4.0) as (figure, axes):
        axes.scatter(*points[~flags].T, s=9, color=NORMAL, alpha=0.55, linewidths=0, label="not flagged")
        axes.scatter(*points[flags].T, s=18, color=ODD, alpha=0.9, linewidths=0, label="flagged")
        axes.set(xticks=[], yticks=[])
        axes.legend(loc="best")
        return _svg(figure)


def curves(x: np.ndarray, y: np.ndarray, names: tuple[str, str], *, chance: Sequence[float]) -> str:
    """Return a ROC or precision-recall curve over the unit square, with what guessing would give."""
    with _axes(width=4.6, height=4.0) as (figure, axes):
        axes.plot((0, 1), chance, color=INK, linestyle=":", linewidth=1, label="guessing")
        axes.plot(x, y, color=NORMAL, linewidth=2, label="this detector")
        axes.set(xlabel=names[0], ylabel=names[1], xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.legend(loc="best")
        return _svg(figure)


def training_curve(steps: Sequence[int], losses: Sequence[float], *, things: str = "rows") -> str:
    """Return the loss over training steps."""
    with _axes(height=2.6) as (figure, axes):
        axes.plot(steps, losses, color=NORMAL, linewidth=2)
        axes.set(xlabel="training step", ylabel=f"nats a {things.removesuffix('s')}")
        return _svg(figure)


@contextmanager
def _axes(width: float = 7.6, height: float = 3.2) -> Iterator[tuple[Figure, Any]]:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.subplots()
        axes.patch.set_alpha(0)
        yield figure, axes


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]  # without the document type, which names an address
