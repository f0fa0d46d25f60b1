"""Classes of a graph of neighbours, by the same price as `isthmus.recipes.onehot` and without a network.

    neighbours ──► slow modes of a walk among them ──► k-means, from many starts ──► descent on the price ──► the best

A network that learns classes from nothing halves what it sees first, and no step leads from there to the classes that
cost least. A table of one chance a sample and class can be had from many starts in seconds, where samples are few. The
modes are those of spectral clustering (Ng, Jordan & Weiss, 2001), which by itself takes any small island for a class;
the price asks that classes be used evenly.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from scipy.sparse.linalg import eigsh
from sklearn.cluster import KMeans
from torch import Tensor

from isthmus.recipes.onehot import neighbour_nats, unevenness

__all__ = ["graph_classes"]

MODES = (1.5, 2.0)  # as many times the number of classes: the starts of each are other ones
STARTS = 90  # of each
FIRST, STEPS = 60, 200  # of descent: for all starts, and for the quarter that costs least by then
RATE = 0.2  # of Adam
SURE = 3.0  # logit of a start's class


def graph_classes(near: Tensor, classes: int, *, balance: float, wrong: float, seed: int) -> Tensor:
    """Return the class of each sample, (N, count) indices of neighbours -> (N,).

    Parameters
    ----------
    near : tensor (N, count)
    classes : int
        K.
    balance, wrong : float
        As in `isthmus.recipes.onehot.Classes`.
    seed : int
    """
    starts = _starts(near.numpy(), classes, seed)
    logits = SURE * F.one_hot(starts, classes).float()
    generator = torch.Generator().manual_seed(seed)
    for steps in (FIRST, STEPS - FIRST):
        logits = _descended(logits, near, steps, generator, balance, wrong)
        chance = logits.softmax(2)
        prices = torch.stack([_price(chance, one, balance, wrong) for one in near.T]).mean(0)
        logits = logits[prices.argsort()[: len(logits) // 4]]
    return logits[0].argmax(1)


def _descended(logits: Tensor, near: Tensor, steps: int, generator: torch.Generator, *law: float) -> Tensor:
    """Return logits (starts, N, K) after some steps, each on one neighbour of every sample."""
    logits = logits.clone().requires_grad_(True)
    optimiser = torch.optim.Adam([logits], lr=RATE)
    with torch.enable_grad():
        for _ in range(steps):
            one = near[:, int(torch.randint(near.shape[1], (), generator=generator))]
            optimiser.zero_grad()
            _price(logits.softmax(2), one, *law).sum().backward()
            optimiser.step()
    return logits.detach()


def _price(chance: Tensor, neighbour: Tensor, balance: float, wrong: float) -> Tensor:
    """(starts, N, K) chances, (N,) indices -> (starts,) nats."""
    nats = neighbour_nats(chance, chance[:, neighbour], wrong).mean(1)
    return nats + balance * unevenness(chance.mean(1))


def _starts(near: np.ndarray, classes: int, seed: int) -> Tensor:
    """Return k-means of the slowest modes, (starts, N)."""
    count, neighbours = near.shape
    ones = np.ones(near.size)
    directed = sparse.csr_matrix((ones, (np.repeat(np.arange(count), neighbours), near.ravel())), shape=(count, count))
    graph = (directed + directed.T) / 2
    scale = 1 / np.sqrt(np.asarray(graph.sum(1)).ravel())
    walk = sparse.diags(scale) @ graph @ sparse.diags(scale)
    most = min(int(max(MODES) * classes) + 1, count - 2)
    shares, modes = eigsh(walk, most, v0=np.random.default_rng(seed).normal(size=count))
    # the slowest of all is the same everywhere; what a mode weighs is what of it is left after two steps
    places = (modes * scale[:, None] * np.sqrt(graph.sum()) * shares.clip(min=0) ** 2)[:, -2::-1]
    found = [
        KMeans(classes, n_init=1, random_state=(seed + start) % 2**32).fit(places[:, : int(times * classes)]).labels_
        for times in MODES
        for start in range(STARTS)
    ]
    return torch.from_numpy(np.stack(found)).long()
