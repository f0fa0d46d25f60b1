"""Discrete units of speech, for a code that has none of its own, and how they are told."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor

from isthmus.codes.quantized import Quantized
from isthmus.training.threads import one_thread

__all__ = ["grouped_content", "runs"]

MOST = 40_000  # vectors that are grouped


def grouped_content(
    content: Callable[[Tensor], Tensor], mels: Sequence[Tensor], *, entries: int, seed: int
) -> Quantized:
    """Return a codebook whose entries are the means of groups of content vectors (k-means).

    Parameters
    ----------
    content : function, mel (1, bands, frames) -> (1, width, places)
    mels : sequence of tensor (bands, frames)
    entries : int
        At most; fewer where there are not as many vectors.
    seed : int
    """
    with one_thread(), torch.inference_mode():
        vectors = torch.cat([content(mel[None])[0].T for mel in mels])
    order = np.random.default_rng(seed).permutation(len(vectors))[:MOST]
    chosen = vectors[torch.from_numpy(order)].float().numpy()
    groups = MiniBatchKMeans(min(entries, len(chosen)), n_init=1, random_state=seed, batch_size=2048).fit(chosen)
    code = Quantized(len(groups.cluster_centers_), chosen.shape[1])
    return code.put(torch.from_numpy(groups.cluster_centers_)).eval().requires_grad_(False)


def runs(units: np.ndarray) -> list[tuple[int, int, int]]:
    """Return equal units in succession as one run each: (first place, place after the last, unit)."""
    edges = [0, *(np.flatnonzero(np.diff(units)) + 1).tolist(), len(units)]
    return [(start, end, int(units[start])) for start, end in itertools.pairwise(edges) if end > start]
