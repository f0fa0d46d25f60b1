"""What a person does with a trained auto-encoder: one scikit-learn style estimator a file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from isthmus.errors import ModelError
from isthmus.words import a

__all__ = ["HOMES", "load"]

# Where each task lives: what `isthmus` offers, and all that a model folder can name.
HOMES = {
    "AnomalyDetector": "isthmus.tasks.anomaly",
    "Clusterer": "isthmus.tasks.clustering",
    "Denoiser": "isthmus.tasks.denoising",
    "Embedder": "isthmus.tasks.embedding",
    "Generator": "isthmus.tasks.generation",
    "VoiceConverter": "isthmus.tasks.voice",
}


def load(folder: str | Path) -> Any:
    """Return the fitted estimator that was saved in a model folder.

    Raises
    ------
    ModelError
        If a file is missing, damaged, of a newer format, or names a task this version does not have.
    """
    from isthmus import store  # here, because it brings torch

    stored = store.read(folder)
    if stored.task not in HOMES:
        known = ", ".join(sorted(HOMES))
        raise ModelError(f"{folder} holds {a(stored.task)}; this Isthmus knows {known}: upgrade isthmus")
    return getattr(import_module(HOMES[stored.task]), stored.task).from_stored(stored)
