"""Isthmus turns unlabelled data into useful things with auto-encoders.

The names below are imported when first used, so that ``import isthmus`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from isthmus.version import __version__

if TYPE_CHECKING:
    from isthmus.tasks import load
    from isthmus.tasks.anomaly import AnomalyDetector
    from isthmus.tasks.clustering import Clusterer
    from isthmus.tasks.denoising import Denoiser
    from isthmus.tasks.embedding import Embedder
    from isthmus.tasks.generation import Generator

__all__ = ["AnomalyDetector", "Clusterer", "Denoiser", "Embedder", "Generator", "__version__", "load"]

_HOMES = {
    "AnomalyDetector": "isthmus.tasks.anomaly",
    "Clusterer": "isthmus.tasks.clustering",
    "Denoiser": "isthmus.tasks.denoising",
    "Embedder": "isthmus.tasks.embedding",
    "Generator": "isthmus.tasks.generation",
    "load": "isthmus.tasks",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'isthmus' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
