"""Classes without labels: each sample is given one of K."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.base import ClusterMixin
from torch import Tensor

from isthmus.errors import DataError
from isthmus.recipes.graph_classes import graph_classes
from isthmus.recipes.neighbours import nearest_neighbours
from isthmus.recipes.onehot import Classes
from isthmus.tasks.fitting import fitting
from isthmus.tasks.learned import LearnedTask, over
from isthmus.tasks.options import check_options
from isthmus.training.samples import Beside, Samples, Told
from isthmus.words import counted

__all__ = ["Clusterer", "members"]

WIDTH = 128  # numbers that the encoder hands to the head
NEIGHBOURS = 10
VIEWS, SLIGHT = 8, 0.5  # in which a sample may be the neighbour of another, and how strong they are
COMPONENTS, COMPONENTS_FROM = 64, 10_000  # in which distances are taken, and samples that tell them
ENOUGH = 50  # samples a class, in the graph that is searched first
SEARCHED = 100_000  # samples times classes there, at most: 100 seconds and half a GB
FEW = 10_000  # samples up to which what has been learned of them does not take the place of what they are
BATCH = 512


class Clusterer(ClusterMixin, LearnedTask):
    """Group samples into classes that nobody named, by a one-hot code.

    Each sample is given one of K codes that its neighbours share, however either is turned, scaled or moved, the K
    used about evenly (`isthmus.recipes.onehot`). Neighbours are first those of the samples themselves, slight views
    forgiven, and then those by what has been learned from them. The network begins with classes that the graph of
    neighbours gives up to 100,000 / K samples, for which many starts can be tried (`isthmus.recipes.graph_classes`).

    Parameters
    ----------
    classes : int
        K.
    steps : int
        Training steps of 512 samples: a sixth with classes of the graph, a sixth with the samples' own neighbours
        (both with these, below 50 samples a class and above 44 classes), the rest with learned ones.
    width : int
        Channels of the network at the picture's own size (pictures only).
    mirror : bool
        Whether a picture and its mirror image are the same thing: not for letters and digits.
    balance : float
        Weight of the evenness of the classes; lower it where some are known to be much larger.
    size, grey : optional
        To bring pictures to; by default their own.
    random_state : int, RandomState or None
    log_dir : path, optional
    progress : bool

    Attributes
    ----------
    labels_ : array (N,)
        Class of each training sample.
    input_ : PictureInput or TableInput
    model_ : Classes
    history_ : History
    """

    model_: Classes

    def __init__(
        self,
        classes: int = 10,
        *,
        steps: int = 1500,
        width: int = 16,
        mirror: bool = False,
        balance: float = 5.0,
        size: int | tuple[int, int] | None = None,
        grey: bool | None = None,
        random_state: Any = None,
        log_dir: str | Path | None = None,
        progress: bool = False,
    ) -> None:
        self.classes = classes
        self.steps = steps
        self.width = width
        self.mirror = mirror
        self.balance = balance
        self.size = size
        self.grey = grey
        self.random_state = random_state
        self.log_dir = log_dir
        self.progress = progress

    def fit(self, X: Any, y: Any = None) -> Clusterer:
        """Learn the classes.

        Parameters
        ----------
        X : folder of pictures, array of pictures, or anything that is a table
        y : ignored

        Raises
        ------
        DataError
            Naming the file, row or column that cannot be used, or if there are fewer samples than classes.
        OptionError
            Naming the option that is out of its range.
        """
        check_options(self.get_params())
        with fitting(self), torch.random.fork_rng():
            samples = self._learn(X)
            if len(samples) < 2 * self.classes:
                count = counted(len(samples), "sample")
                raise DataError(
                    f"{count} {'is' if len(samples) == 1 else 'are'} too few for {self.classes} classes: give at least "
                    "two a class"
                )
            torch.manual_seed(self._seed())
            model, first = self._build(), max(1, self.steps // 3)
            alike = self._alike(samples)
            near = self._nearest(alike)
            drawn = min(len(samples), SEARCHED // self.classes)
            begun = first // 2 if drawn >= ENOUGH * self.classes else 0
            if begun:
                told = self._told(samples, alike, near, drawn, model.wrong)
                self._learn_classes(model, told, begun, title="learning classes of the graph")
            self._learn_classes(model, Beside(samples, near), first - begun, title="learning the classes")
            if self.steps > first:
                learned = F.normalize(over(samples, model.encoder), dim=1)
                beside = [torch.cat([learned, points], 1) for points in alike] if len(samples) <= FEW else [learned]
                self._learn_classes(
                    model, Beside(samples, self._nearest(beside)), self.steps - first, title="from better neighbours"
                )
            self.labels_ = over(samples, self.model_.logits).argmax(1).numpy()
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each sample, (N,) integers below `classes`."""
        return self._over(X, self.model_.logits).argmax(1).numpy()

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the chance of each class, (N, classes)."""
        return self._over(X, self.model_.logits).softmax(1).numpy()

    def _alike(self, samples: Samples) -> list[Tensor]:
        """Return points whose distances tell which samples are alike, and the same in other views: (N, width) each."""
        points = over(samples, self.input_.likeness)
        view = self.input_.another_view(SLIGHT)
        if view is None:
            return [points]
        some = points[torch.randperm(len(points))[:COMPONENTS_FROM]]
        components = torch.pca_lowrank(some, min(COMPONENTS, *some.shape), niter=4)[2]
        seen = [over(samples, lambda x: self.input_.likeness(view(x)) @ components) for _ in range(VIEWS)]
        return [points @ components, *seen]

    def _nearest(self, alike: list[Tensor]) -> Tensor:
        count = max(1, min(NEIGHBOURS, len(alike[0]) // (5 * self.classes)))
        return nearest_neighbours(alike[0], count, alike[1:])

    def _told(self, samples: Samples, alike: list[Tensor], near: Tensor, count: int, wrong: float) -> Told:
        """Return some samples, told the classes of the graph of neighbours among them; `near` is that among all."""
        drawn = torch.arange(len(samples))
        if count < len(samples):
            drawn = torch.randperm(len(samples))[:count]
            near = self._nearest([points[drawn] for points in alike])
        found = graph_classes(near, self.classes, balance=self.balance, wrong=wrong, seed=self._seed())
        return Told(samples, drawn, found)

    def _learn_classes(self, model: Classes, samples: Samples, steps: int, *, title: str) -> None:
        before = getattr(self, "history_", None)  # of the classes learned a moment ago
        self._train(
            model.train().requires_grad_(True), samples, steps=steps,
            batch_size=min(BATCH, len(samples)), learning_rate=2e-3, weight_decay=1e-4, warmup=min(100, steps // 4),
            title=title, log_dir=None if self.log_dir is None else Path(self.log_dir) / title.replace(" ", "_"),
        )  # fmt: skip
        if before is not None:
            self.history_ = before.followed_by(self.history_)

    def _build(self) -> Classes:
        encoder = self.input_.encoder(WIDTH, self.width)
        return Classes(encoder, self.input_.warps(), WIDTH, self.classes, balance=self.balance)


def members(chance: np.ndarray, most: int) -> list[Tensor]:
    """Return of each class the samples that are surest to be in it, at most so many: chances (N, K) -> K indices."""
    found = chance.argmax(1)
    return [
        torch.from_numpy(own[np.argsort(-chance[own, kind], kind="stable")[:most]])
        for kind in range(chance.shape[1])
        for own in [np.flatnonzero(found == kind)]
    ]
