"""What a person does with a trained auto-encoder: one scikit-learn style estimator a file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from isthmus import store
from isthmus.errors import ModelError

__all__ = ["load"]

# A model folder can name these and nothing else.
_HOMES = {
    "AnomalyDetector": "isthmus.tasks.anomaly",
    "Clusterer": "isthmus.tasks.clustering",
    "Denoiser": "isthmus.tasks.denoising",
    "Embedder": "isthmus.tasks.embedding",
    "Generator": "isthmus.tasks.generation",
}


def load(folder: str | Path) -> Any:
    """Return the fitted estimator that was saved in a model folder.

    Raises
    ------
    ModelError
        If a file is missing, damaged, of a newer format, or names a task this version does not have.
    """
    stored = store.read(folder)
    if stored.task not in _HOMES:
        known = ", ".join(sorted(_HOMES))
        raise ModelError(f"{folder} holds a {stored.task}; this Isthmus knows {known}: upgrade isthmus")
    return getattr(import_module(_HOMES[stored.task]), stored.task).from_stored(stored)
