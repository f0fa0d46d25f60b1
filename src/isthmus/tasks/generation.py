"""New samples like the ones seen, and how likely a sample is: the decoder as a generator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.bottleneck import Bottleneck
from isthmus.codes.gaussian import Gaussian
from isthmus.codes.mixture import Mixture
from isthmus.distances import Bernoulli, Normal
from isthmus.errors import OptionError
from isthmus.objectives import importance_bound
from isthmus.recipes.vae import variational
from isthmus.tasks.fitting import fitting
from isthmus.tasks.learned import LearnedTask, over
from isthmus.tasks.options import check_options, check_whole
from isthmus.training.samples import InMemory, Samples, Viewed

__all__ = ["REACH", "Generator"]

NEAR = 0.1  # of black or white: a picture most of whose pixels are so near is one of ink
INK = 0.7  # share of such pixels
FIRST = 2048  # samples that decide
DRAWS_AT_ONCE, AT_ONCE = 50, 4096  # draws of one sample, and of all
PASSED = 512  # draws that pass the encoder together
REACH = 2.5  # how far a number of the code is moved: deviations of the standard normal law
SEEN = 0.05  # of white, or of a column's deviation, that a number changes at least to be shown
PRIOR = "code.prior."  # where a model keeps it
MOST_CODES, JUDGES = 20_000, 512  # samples that the law of the codes is taken from, and others that it is judged by
MOST_COMPONENTS, CODES_A_NUMBER = 64, 20  # at least so many codes for each number of each component


class Generator(LearnedTask):
    """A variational auto-encoder (Kingma & Welling, 2014): sample, interpolate, restore, price.

    Pictures of ink (digits, letters, drawings) are taken for chances of ink, drawn anew every time they are seen;
    other pictures and tables have a normal density around the output, whose deviation is learned. After training a
    mixture of normal laws takes the place of the standard normal one as the codes' prior, where samples kept from it
    are likelier so (`isthmus.codes.mixture`): what is drawn from it lies where the decoder was taught.

    Parameters
    ----------
    dimensions : int
        Numbers in the code.
    steps : int
        Training steps of 128 samples.
    width : int
        Channels of the networks at the picture's own size (pictures only).
    beta : float
        Weight of the rate in training (Higgins et al., 2017).
    free_nats : float
        Nats of a sample's rate that training does not press it below: of the whole code, not of each number, and of
        each sample, not of a batch's mean, as in Kingma et al. (2016, appendix C.8).
    draws : int
        Codes a sample; more than one is the importance-weighted auto-encoder (Burda et al., 2016).
    warm_start : bool
        Whether to go on from what an earlier `fit` learned. Fifty draws are thirty times the work: fit with one,
        then `set_params(draws=50, steps=500, warm_start=True)` and fit again.
    size, grey : optional
        To bring pictures to; by default their own.
    random_state : int, RandomState or None
    log_dir, checkpoint : path, optional
    progress : bool

    Attributes
    ----------
    ink_ : bool
        Whether pictures are taken for chances of ink.
    components_ : int
        Normal laws in the codes' prior; 0 for the standard one alone.
    input_ : PictureInput or TableInput
    model_ : AutoEncoder
    history_ : History
    """

    model_: AutoEncoder

    def __init__(
        self,
        dimensions: int = 32,
        *,
        steps: int = 5000,
        width: int = 16,
        beta: float = 1.0,
        free_nats: float = 0.0,
        draws: int = 1,
        warm_start: bool = False,
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
        self.beta = beta
        self.free_nats = free_nats
        self.draws = draws
        self.warm_start = warm_start
        self.size = size
        self.grey = grey
        self.random_state = random_state
        self.log_dir = log_dir
        self.checkpoint = checkpoint
        self.progress = progress

    def fit(self, X: Any, y: Any = None) -> Generator:
        """Learn the density of X.

        Parameters
        ----------
        X : folder of pictures, array of pictures, or anything that is a table
        y : ignored

        Raises
        ------
        DataError
            Naming the file, row or column that cannot be used.
        OptionError
            Naming the option that is out of its range, or where a warm start finds networks of other sizes.
        """
        check_options(self.get_params())
        earlier = self.model_.state_dict() if self.warm_start and hasattr(self, "model_") else None
        with fitting(self), torch.random.fork_rng():
            samples = self._learn(X)
            self.ink_, self.components_ = _is_ink(samples), 0
            torch.manual_seed(self._seed())
            shown = Viewed(samples, torch.bernoulli) if self.ink_ else samples  # dynamic binarisation
            self._train(
                self._started(earlier), shown, batch_size=128, learning_rate=2e-3, warmup=min(300, self.steps),
                title="learning to generate",
            )  # fmt: skip
            self._learn_prior(samples)
        return self

    def sample(self, n: int = 1) -> Any:
        """Return n new samples, in the scale and type of what was fitted."""
        self._check_fitted()
        check_whole("n", n, 1)
        with torch.inference_mode(), _seeded(self._seed()):
            return self.input_.back(self._decoded(self.model_.code.sample(n)))

    def interpolate(self, a: Any, b: Any, n: int = 8) -> Any:
        """Return n samples on the way from the code of `a` to that of `b`, one sample each, ends included."""
        check_whole("n", n, 2)
        ends = [self._means(end)[:1] for end in (a, b)]
        way = torch.linspace(0, 1, n)[:, None]
        return self.input_.back(self._decoded(ends[0] + way * (ends[1] - ends[0])))

    def traverse(self, X: Any = None, n: int = 9) -> dict[int, Any]:
        """Return what the numbers of the code change, one at a time.

        Parameters
        ----------
        X : one sample, as for `fit`, optional
            Where to start; by default in the middle, where all numbers are 0.
        n : int
            Samples a number.

        Returns
        -------
        dict
            Of each number of the code, n samples while it goes from -2.5 to 2.5 and the others stay. Numbers that
            change next to nothing are left out.
        """
        check_whole("n", n, 2)
        self._check_fitted()
        start = torch.zeros(1, self.dimensions) if X is None else self._means(X)[:1]
        ways = {}
        for number in range(self.dimensions):
            codes = start.repeat(n, 1)
            codes[:, number] = torch.linspace(-REACH, REACH, n)
            shown = self._decoded(codes)
            if (shown.amax(0) - shown.amin(0)).max() >= SEEN:
                ways[number] = self.input_.back(shown)
        return ways

    def reconstruct(self, X: Any) -> Any:
        """Return samples as they come out of the narrow place."""
        return self.input_.back(self._over(X, lambda part: self.model_.reconstruct(Batch(part))))

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes' means, (N, dimensions)."""
        return self._means(X).numpy()

    def log_likelihood(self, X: Any, *, draws: int = 100) -> np.ndarray:
        """Return a lower bound of the log density of samples, nats (N,).

        The importance-weighted bound (Burda et al., 2016, equation 8): the more draws, the tighter. Pictures of ink
        are first drawn in black and white by their chances; the bound is then of a probability.

        Parameters
        ----------
        X : as for `fit`
        draws : int
        """
        check_whole("draws", draws, 1)
        self._check_fitted()

        def bounds(x: Tensor) -> Tensor:
            return self._bounds(torch.bernoulli(x) if self.ink_ else x, draws)

        with _seeded(self._seed()), _exact(self.model_.code):
            return -self._over(X, bounds).double().numpy()

    def _learn_prior(self, samples: Samples) -> None:
        """Put a mixture in the place of the standard normal law if that makes samples kept from it likelier."""
        order = torch.randperm(len(samples))[: MOST_CODES + JUDGES]
        kept = max(1, min(JUDGES, len(order) // 6))
        components = min(MOST_COMPONENTS, (len(order) - kept) // (CODES_A_NUMBER * self.dimensions))
        if not components:
            return
        code = self.model_.code
        assert isinstance(code, Gaussian)
        shown = Viewed(samples, torch.bernoulli) if self.ink_ else samples
        seed = self._seed()  # once: without a random_state every call gives another
        with torch.no_grad():
            judges = next(iter(shown.take([order[:kept]]))).x
            before = self._judged(judges, seed)
            others = shown.take(order[kept:].split(max(1, PASSED // self.draws)))
            codes = torch.cat([self._posterior(batch.x) for batch in others])
            code.prior = Mixture.fitting(codes, components, seed=seed)
            if self._judged(judges, seed) < before:
                self.components_ = components
            else:
                code.prior = None

    def _posterior(self, x: Tensor) -> Tensor:
        """Return a code of each sample, of `draws` drawn from the encoder one by its importance: -> (N, dimensions)."""
        if self.draws == 1:
            codes: Tensor = self.model_.encode(Batch(x)).value
            return codes
        passage = self.model_(Batch(x), self.draws)
        drawn = passage.code.value.view(len(x), self.draws, -1)
        chosen = (-passage.description_length.view(len(x), -1)).softmax(1).multinomial(1)
        return drawn[torch.arange(len(x)), chosen[:, 0]]

    def _judged(self, x: Tensor, seed: int) -> Tensor:
        """Return the mean description length of samples, by the same chance for the same seed."""
        with _seeded(seed), _exact(self.model_.code):
            return self._bounds(x, self.draws).mean()

    def _means(self, X: Any) -> Tensor:
        return self._over(X, lambda part: self.model_.embed(Batch(part)))

    def _decoded(self, codes: Tensor) -> Tensor:
        return over(InMemory(Batch(codes)), self.model_.decode)

    def _bounds(self, x: Tensor, draws: int) -> Tensor:
        """Return minus the importance-weighted bound of each sample, (n, ...) -> nats (n,)."""
        counts = [min(DRAWS_AT_ONCE, draws - at) for at in range(0, draws, DRAWS_AT_ONCE)]
        bounds = []
        for part in x.split(max(1, AT_ONCE // counts[0])):
            lengths = [self.model_(Batch(part), count).description_length.view(len(part), count) for count in counts]
            bounds.append(importance_bound(torch.cat(lengths, 1)))
        return torch.cat(bounds)

    def _build(self) -> AutoEncoder:
        model = variational(
            self.input_.encoder(2 * self.dimensions, self.width),
            self.input_.decoder(self.dimensions, self.width),
            latent=self.dimensions, beta=self.beta, free_nats=self.free_nats, draws=self.draws,
            distance=Bernoulli() if self.ink_ else Normal(0.3, learned=True),
        )  # fmt: skip
        if self.components_:
            model.code.prior = Mixture(self.components_, self.dimensions)
        return model

    def _started(self, weights: dict[str, Tensor] | None) -> AutoEncoder:
        model = self._build()
        if weights is not None:
            try:
                model.load_state_dict({name: part for name, part in weights.items() if not name.startswith(PRIOR)})
            except RuntimeError as error:
                raise OptionError(
                    "warm_start=True needs data, dimensions and width as they were in the earlier fit; "
                    "set warm_start=False to begin anew"
                ) from error
        return model

    def _more(self) -> dict[str, Any]:
        return {"ink": self.ink_, "components": self.components_}

    def _restore(self, config: dict[str, Any]) -> None:
        self.ink_ = bool(config["ink"])
        self.components_ = min(int(config.get("components", 0)), MOST_COMPONENTS)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Draw by a seed of one's own, and leave everybody else's chance alone."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextmanager
def _exact(code: Bottleneck) -> Iterator[None]:
    """Price the very draw, which a bound of several draws needs, instead of what a draw costs on average."""
    assert isinstance(code, Gaussian)
    code.sampled_rate, before = True, code.sampled_rate
    try:
        yield
    finally:
        code.sampled_rate = before


def _is_ink(samples: Samples) -> bool:
    first = next(iter(samples.take([torch.arange(min(FIRST, len(samples)))]))).x
    grey = first.dim() == 4 and first.shape[1] == 1
    return grey and bool(((first < NEAR) | (first > 1 - NEAR)).float().mean() > INK)
