"""A place in the plane for every sample, by PCA, t-SNE or UMAP."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from sklearn.decomposition import PCA

from isthmus.errors import DataError, OptionError
from isthmus.extras import needed
from isthmus.training.threads import threads
from isthmus.words import counted

__all__ = ["check_count", "check_methods", "flat"]

FEWEST = {"pca": 2, "tsne": 4, "umap": 4}  # samples that make a map
PERPLEXITY, NEIGHBOURS = 30, 15  # of t-SNE and of UMAP, where there are samples enough


def check_methods(methods: Iterable[str]) -> None:
    """Refuse, before any work, a method that is unknown or whose library is missing.

    Raises
    ------
    OptionError
    MissingLibraryError
        An ImportError that says what to install.
    """
    for method in methods:
        if method not in FEWEST:
            raise OptionError(f"method must be {', '.join(FEWEST)}, not {method!r}")
        if method == "tsne":
            with needed("openTSNE", "maps by t-SNE", extra="maps"):
                import openTSNE  # noqa: F401
        if method == "umap":
            with needed("umap-learn", "maps by UMAP", extra="maps"):
                import umap  # noqa: F401


def check_count(count: int, methods: Iterable[str], thing: str) -> None:
    """Refuse samples too few for one of the methods.

    Raises
    ------
    DataError
    """
    for method in methods:
        if count < FEWEST[method]:
            raise DataError(
                f"{counted(count, thing)} {'is' if count == 1 else 'are'} too few for a map by {method}: give "
                f"{FEWEST[method]} or more"
            )


def flat(points: np.ndarray, method: str, *, seed: int) -> np.ndarray:
    """Lay points out in the plane, (N, width) -> (N, 2)."""
    if method == "pca":
        wide = points if points.shape[1] > 1 else np.pad(points, ((0, 0), (0, 1)))  # one number is a line
        return np.asarray(PCA(2, random_state=seed).fit_transform(wide))
    with threads(None):  # the maps' libraries set the number for the whole process
        return _tsne(points, seed) if method == "tsne" else _umap(points, seed)


def _tsne(points: np.ndarray, seed: int) -> np.ndarray:
    from openTSNE import TSNE

    nearby = min(PERPLEXITY, (len(points) - 1) / 3)
    return np.asarray(TSNE(perplexity=nearby, random_state=seed, n_jobs=-1).fit(points))


def _umap(points: np.ndarray, seed: int) -> np.ndarray:
    from umap import UMAP

    neighbours = min(NEIGHBOURS, len(points) - 1)
    return np.asarray(UMAP(n_neighbors=neighbours, random_state=seed, n_jobs=1).fit_transform(points))
