"""Isthmus turns unlabelled data into useful things with auto-encoders.

The names below are imported when first used, so that ``import isthmus`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from isthmus.errors import IsthmusError
from isthmus.tasks import HOMES, load
from isthmus.version import __version__

if TYPE_CHECKING:
    from isthmus.tasks.anomaly import AnomalyDetector
    from isthmus.tasks.clustering import Clusterer
    from isthmus.tasks.denoising import Denoiser
    from isthmus.tasks.embedding import Embedder
    from isthmus.tasks.generation import Generator
    from isthmus.tasks.voice import VoiceConverter

__all__ = [
    "AnomalyDetector", "Clusterer", "Denoiser", "Embedder", "Generator", "IsthmusError", "VoiceConverter",
    "__version__", "load",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in HOMES:
        return getattr(import_module(HOMES[name]), name)
    raise AttributeError(f"module 'isthmus' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
