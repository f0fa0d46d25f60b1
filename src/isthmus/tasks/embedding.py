"""A few numbers for each sample: to search, to plot, to hand to another model, and to turn back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from sklearn.base import TransformerMixin
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.vector import Vector
from isthmus.corruptions import Corruption, GaussianNoise, Identity
from isthmus.errors import OptionError
from isthmus.recipes.two_views import two_views
from isthmus.tasks.fitting import fitting
from isthmus.tasks.learned import LearnedTask, over
from isthmus.tasks.maps import check_count, check_methods, flat
from isthmus.tasks.options import check_options, check_whole
from isthmus.training.samples import InMemory, Viewed

__all__ = ["Embedder"]

LYING = 8  # numbers that say how a thing lies: a view has six degrees of freedom, however long the code is
SHARE = 3 / 8  # of a short code, that they take at most


class Embedder(TransformerMixin, LearnedTask):
    """Reduce samples to a few numbers with an auto-encoder, beside PCA, t-SNE and UMAP.

    Parameters
    ----------
    dimensions : int
        Numbers a sample.
    steps : int
        Training steps of 128 samples.
    width : int
        Channels of the networks at the picture's own size (pictures only).
    noise : float
        Deviation of the noise that the encoder learns to undo (Vincent et al., 2008); 0 for a plain auto-encoder.
    invariance : float
        How much the pictures are turned, scaled, slanted and moved that most of the code is read from (pictures only):
        codes then say what a thing is, and their first numbers, at most eight, how it lies. 0 for a plain auto-encoder.
    lying : int, optional
        How many of the numbers, the first, say how a thing lies; by default three eighths of them, at most eight. The
        fewer, the more purely the others say what it is, and the less exactly it is restored.
    views : bool
        Whether to show pictures shifted by a pixel, so that a small set is not learned by heart.
    size, grey : optional
        To bring pictures to; by default their own.
    random_state : int, RandomState or None
    log_dir, checkpoint : path, optional
    progress : bool

    Attributes
    ----------
    input_ : PictureInput or TableInput
    model_ : AutoEncoder
    history_ : History

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from isthmus import Embedder
    >>> digits = (load_digits().images * 15).astype("uint8")
    >>> embedder = Embedder(dimensions=8, steps=30, width=8, random_state=0).fit(digits)
    >>> codes = embedder.transform(digits)
    >>> codes.shape, embedder.inverse_transform(codes).shape
    ((1797, 8), (1797, 8, 8))
    """

    model_: AutoEncoder

    def __init__(
        self,
        dimensions: int = 32,
        *,
        steps: int = 3000,
        width: int = 16,
        noise: float = 0.1,
        invariance: float = 1.5,
        lying: int | None = None,
        views: bool = True,
        size: int | tuple[int, int] | None = None,
        grey: bool | None = None,
        random_state: Any = None,
        log_dir: str | Path | None = None,
        checkpoint: str | Path | None = None,
        progress: bool = False,
    ) -> None:
        self.dimensions = dimensions
        self.steps = steps
        self.width = width
        self.noise = noise
        self.invariance = invariance
        self.lying = lying
        self.views = views
        self.size = size
        self.grey = grey
        self.random_state = random_state
        self.log_dir = log_dir
        self.checkpoint = checkpoint
        self.progress = progress

    def fit(self, X: Any, y: Any = None) -> Embedder:
        """Learn the codes.

        Parameters
        ----------
        X : folder of pictures, array of pictures, or anything that is a table
        y : ignored

        Raises
        ------
        DataError
            Naming the file, row or column that cannot be used.
        OptionError
            Naming the option that is out of its range.
        """
        check_options(self.get_params())
        if self.lying is not None:
            check_whole("lying", self.lying, 0)
        if self.lying is not None and not 0 <= self.lying < self.dimensions:
            raise OptionError(f"lying must lie between 0 and {self.dimensions - 1}, not {self.lying}")
        with fitting(self), torch.random.fork_rng():
            samples = self._learn(X)
            torch.manual_seed(self._seed())
            shown = Viewed(samples, self.input_.shifts()) if self.views else samples
            self._train(
                self._build(), shown, batch_size=128, learning_rate=2e-3, warmup=min(100, self.steps),
                title="learning the codes",
            )  # fmt: skip
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes of samples, float32 (N, dimensions)."""
        return self._over(X, self._points("codes")).numpy()

    def inverse_transform(self, codes: Any) -> Any:
        """Return samples for codes (N, dimensions), in the scale and type of what was fitted."""
        self._check_fitted()
        try:
            given = torch.as_tensor(np.asarray(codes, dtype=np.float32))
        except (TypeError, ValueError):
            raise OptionError(f"codes must be numbers, (N, {self.dimensions})") from None
        if given.dim() != 2 or given.shape[1] != self.dimensions:
            raise OptionError(f"codes must be (N, {self.dimensions}), not {tuple(given.shape)}")
        if not len(given) or not given.isfinite().all():
            raise OptionError("codes must be finite numbers of one sample at least")
        return self.input_.back(over(InMemory(Batch(given)), self.model_.decode))

    def map(
        self,
        X: Any,
        method: Literal["pca", "tsne", "umap"] = "tsne",
        *,
        of: Literal["codes", "data"] = "codes",
    ) -> np.ndarray:
        """Return a place in the plane for every sample, (N, 2).

        Parameters
        ----------
        X : as for `fit`
        method : "pca", "tsne" (openTSNE) or "umap"
        of : "codes" or "data"
            What to map: the codes, or the pixels or columns themselves, to compare with.

        Raises
        ------
        DataError
            If there are too few samples for such a map.
        OptionError
            If there is no such method.
        ImportError
            Where openTSNE or umap-learn is missing: pip install 'isthmus[maps]'.
        """
        return self.maps(X, [(of, method)])[0]

    def maps(self, X: Any, wanted: Sequence[tuple[str, str]]) -> list[np.ndarray]:
        """Return several maps of the same samples, each as by `map`; they are encoded once.

        Parameters
        ----------
        X : as for `fit`
        wanted : pairs of what to map and how: ("codes", "tsne"), ("data", "pca") …

        Raises
        ------
        As `map`, before any of them is made.
        """
        for of, _ in wanted:
            if of not in ("codes", "data"):
                raise OptionError(f"of must be codes or data, not {of!r}")
        methods = [method for _, method in wanted]
        check_methods(methods)
        self._check_fitted()
        samples, seed = self.input_.read(X), self._seed()
        check_count(len(samples), methods, "picture" if self.input_.kind == "pictures" else "row")
        points = {of: over(samples, self._points(of)).numpy() for of in {of for of, _ in wanted}}
        return [flat(points[of], method, seed=seed) for of, method in wanted]

    @property
    def lying_(self) -> int:
        """How many of a code's numbers, the first, say how a thing lies; the others say what it is."""
        if not self.invariance:
            return 0
        return min(LYING, int(SHARE * self.dimensions)) if self.lying is None else self.lying

    def _points(self, of: str) -> Callable[[Tensor], Tensor]:
        return (lambda x: x.flatten(1)) if of == "data" else (lambda x: self.model_.embed(Batch(x)))

    def _build(self) -> AutoEncoder:
        noise: Corruption = GaussianNoise(self.noise) if self.noise else Identity()
        encoder = self.input_.encoder(self.dimensions, self.width)
        decoder: nn.Module = self.input_.decoder(self.dimensions, self.width)
        view = self.input_.another_view(self.invariance)
        distance = self.input_.distance()
        if view is not None:
            return two_views(encoder, decoder, view, distance=distance, spoil=noise, lying=self.lying_)
        return AutoEncoder(encoder=encoder, code=Vector(), decoder=decoder, distance=distance, corruption=noise)
