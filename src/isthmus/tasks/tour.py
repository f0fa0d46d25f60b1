"""A walk through the whole family on the digits that scikit-learn bundles: what goes in, what passes the narrow
place, what comes out. Every model but that of voices is trained on the spot, at small scale, without a label.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import normalized_mutual_info_score, roc_auc_score
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.kinds.images import to_arrays
from isthmus.kinds.made_speech import spoken
from isthmus.recipes.binary import bits, hamming, switched
from isthmus.recipes.hinton2006 import deep, pretrain
from isthmus.recipes.vae import vae
from isthmus.recipes.vqvae import Indices, prior, vqvae
from isthmus.tasks.anomaly import AnomalyDetector
from isthmus.tasks.clustering import Clusterer, members
from isthmus.tasks.denoising import Denoiser
from isthmus.tasks.embedding import Embedder
from isthmus.tasks.generation import Generator
from isthmus.tasks.voice import VoiceConverter
from isthmus.tasks.voice_comparison import brightness
from isthmus.training.loop import train
from isthmus.training.samples import InMemory
from isthmus.training.settings import Settings

__all__ = ["STATIONS", "Places", "Station", "Strip", "tour"]

SHOWN, EMPTY = 10, 128  # pictures in a row, and the grey of a place without one
SHAPE = (1, 8, 8)


@dataclass(frozen=True, slots=True)
class Strip:
    """Pictures in rows, uint8 (N, H, W) or (N, H, W, 3), with a label for each row and a heading for each column."""

    caption: str
    pictures: np.ndarray
    columns: int = SHOWN
    labels: Sequence[str] = ()
    headings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """Points in the plane, (N, 2), coloured by what they are; the colours were not learned from."""

    caption: str
    places: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True, slots=True)
class Station:
    """One member of the family.

    Attributes
    ----------
    title, paper, story : str
        What it is called, where it comes from, and what a reader is to see.
    figures : list of Strip or Places
    measured : dict of str to str
        Figures on digits that were not trained on, unless the name says otherwise.
    """

    title: str
    paper: str
    story: str
    figures: list[Strip | Places] = field(default_factory=list)
    measured: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Digits:
    """Digits in two parts, as arrays and as tensors."""

    train: np.ndarray
    test: np.ndarray
    kinds: np.ndarray  # of the test part
    taught: np.ndarray  # kinds of the training part: what a model is to know of, never a target
    seed: int

    @property
    def x(self) -> Tensor:
        return torch.from_numpy(self.train)[:, None].float() / 255

    @property
    def unseen(self) -> Tensor:
        return torch.from_numpy(self.test)[:, None].float() / 255

    @property
    def shown(self) -> np.ndarray:
        """One test digit of each kind."""
        return self.test[[int(np.flatnonzero(self.kinds == kind)[0]) for kind in range(10)]]

    def learn(self, model: AutoEncoder, steps: int, rate: float = 2e-3) -> AutoEncoder:
        settings = Settings(steps=steps, batch_size=128, learning_rate=rate, warmup=20, threads=1, seed=self.seed)
        train(model, Batch(self.x), settings=settings)
        return model.requires_grad_(False)


def tour(seed: int = 0, stations: Sequence[Callable[[_Digits], Station]] | None = None) -> Iterator[Station]:
    """Yield the stations, by default all `STATIONS`, one after the other, each trained when it is its turn."""
    loaded = load_digits()
    order = np.random.default_rng(seed).permutation(len(loaded.images))
    pictures = np.round(loaded.images[order] * (255 / 16)).astype(np.uint8)
    kinds = loaded.target[order]
    digits = _Digits(pictures[:1400], pictures[1400:], kinds[1400:], kinds[:1400], seed)
    for station in stations or STATIONS:
        if station is _voices and not VoiceConverter.has_bundled():
            continue  # a copy of the package that was made without its voice model
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(seed)
            yield station(digits)


def _error(restored: np.ndarray, pictures: np.ndarray) -> float:
    return float((((restored.astype(float) - pictures) / 255) ** 2).sum((1, 2)).mean())


def _narrow(digits: _Digits) -> Station:
    count = 6
    embedder = Embedder(count, steps=1500, views=False, noise=0.05, invariance=0.0, random_state=digits.seed).fit(
        digits.train
    )
    flat = digits.train.reshape(len(digits.train), -1).astype(float)
    pca = PCA(count).fit(flat)

    def linear(pictures: np.ndarray) -> np.ndarray:
        back = pca.inverse_transform(pca.transform(pictures.reshape(len(pictures), -1)))
        return np.clip(np.rint(back), 0, 255).astype(np.uint8).reshape(pictures.shape)

    restored = embedder.inverse_transform(embedder.transform(digits.shown))
    every = embedder.inverse_transform(embedder.transform(digits.test))
    return Station(
        "The narrow place",
        "Auto-encoder and PCA",
        f"Each picture has 64 pixels. Only {count} numbers may pass. Top: what goes in. Middle: what PCA, the best "
        f"linear way through, brings out. Bottom: what the auto-encoder brings out of as many numbers.",
        [
            Strip(
                "ten digits", np.concatenate([digits.shown, linear(digits.shown), restored]),
                labels=("in", "PCA", "auto-encoder"),
            )
        ],
        {
            "squared error a picture, PCA": f"{_error(linear(digits.test), digits.test):.2f}",
            "auto-encoder": f"{_error(every, digits.test):.2f}",
        },
    )  # fmt: skip


def _deep(digits: _Digits) -> Station:
    sizes, x = (64, 128, 64, 6), digits.x.flatten(1)
    models = {name: deep(sizes, activation=nn.Sigmoid) for name in ("from nothing", "warm start")}
    pretrain(models["warm start"], x, epochs=30, batch_size=50, seed=digits.seed)
    settings = Settings(steps=1500, batch_size=128, learning_rate=3e-3, warmup=20, threads=1, seed=digits.seed)
    flat = torch.from_numpy(digits.shown).flatten(1).float() / 255
    unseen = digits.unseen.flatten(1)

    def out(model: AutoEncoder, pictures: Tensor) -> np.ndarray:
        with torch.inference_mode():
            return to_arrays(model.reconstruct(Batch(pictures)).view(-1, *SHAPE))

    started = out(models["warm start"], flat)
    for model in models.values():
        train(model, Batch(x), settings=settings)
    modern = deep(sizes)
    train(modern, Batch(x), settings=settings)
    errors = {name: f"{_error(out(model, unseen), digits.test):.2f}" for name, model in models.items()}
    return Station(
        "Going deep",
        "Hinton & Salakhutdinov, 2006",
        "A stack of restricted Boltzmann machines, each learned on the one below, gives a deep auto-encoder a start. "
        "Rows: digits after that start alone; fine-tuned; the same network with no start; no start, but a modern "
        "activation, which makes up for most of it.",
        [Strip("out of six numbers",
               np.concatenate([started, *(out(models[name], flat) for name in ("warm start", "from nothing")),
                               out(modern, flat)]),
               labels=("warm start", "fine-tuned", "from nothing", "SiLU, from nothing"))],
        {f"squared error, sigmoid units, {name}": error for name, error in errors.items()}
        | {"SiLU units, from nothing": f"{_error(out(modern, unseen), digits.test):.2f}"},
    )  # fmt: skip


def _noise(digits: _Digits) -> Station:
    chance = np.random.default_rng(digits.seed)

    def spoil(pictures: np.ndarray) -> np.ndarray:
        return np.clip(pictures + chance.normal(0, 0.25 * 255, pictures.shape), 0, 255).astype(np.uint8)

    cleaner = Denoiser(level=0.25, steps=900, width=24, cut=8, random_state=digits.seed).fit(digits.train)
    noisy, every = spoil(digits.shown), spoil(digits.test)
    return Station(
        "Undoing noise",
        "Vincent et al., 2008",
        "Noise goes in with the picture; the clean picture is to come out. The noise is what keeps the network from "
        "copying. Top: spoiled digits it never saw. Bottom: restored.",
        [Strip("ten digits", np.concatenate([noisy, cleaner.restore(noisy)]), labels=("in", "out"))],
        {
            "squared error, spoiled": f"{_error(every, digits.test):.2f}",
            "restored": f"{_error(cleaner.restore(every), digits.test):.2f}",
        },
    )


def _plane(digits: _Digits) -> Station:
    embedder = Embedder(2, steps=2500, views=False, noise=0.1, invariance=0.0, random_state=digits.seed).fit(
        digits.train
    )
    flat = digits.test.reshape(len(digits.test), -1).astype(float)
    return Station(
        "A map",
        "Dimension reduction",
        "Two numbers a picture are a place in the plane. The colours are the digits; neither map was told them.",
        [
            Places("the two numbers of the auto-encoder", embedder.transform(digits.test), digits.kinds),
            Places("PCA, for comparison", PCA(2).fit(flat).transform(flat), digits.kinds),
        ],
    )


def _bits(digits: _Digits) -> Station:
    model = digits.learn(bits(SHAPE, count=12), 1200)
    on, off = switched(model, digits.x[:300])
    with torch.inference_mode():
        codes = model.encode(Batch(digits.x)).symbols
        asked = model.encode(Batch(digits.unseen)).symbols
    nearest = hamming(asked[:6], codes).topk(9, dim=1, largest=False).indices
    rows = [np.concatenate([digits.test[place][None], digits.train[nearest[place]]]) for place in range(6)]
    return Station(
        "Bits",
        "Semantic hashing, Salakhutdinov & Hinton, 2009",
        "Twelve switches pass, each on or off. First: the mean picture with a switch on (top) and off (bottom). Then: "
        "a digit nobody saw, and the training digits whose switches differ least from its own.",
        [
            Strip(
                "the mean picture with each bit on and off",
                np.concatenate([to_arrays(on), to_arrays(off)]),
                columns=12,
                labels=("on", "off"),
                headings=[f"bit {number}" for number in range(12)],
            ),
            Strip("asked for; found by address", np.concatenate(rows), columns=10),
        ],
    )


def _one_hot(digits: _Digits) -> Station:
    clusterer = Clusterer(10, random_state=digits.seed).fit(digits.train)
    rows = [_filled(digits.test[places]) for places in members(clusterer.predict_proba(digits.test), SHOWN)]
    agreement = normalized_mutual_info_score(digits.kinds, clusterer.predict(digits.test))
    return Station(
        "One of ten",
        "One-hot codes",
        "Only one of ten symbols passes, and neighbours are to share it. Each row holds what one symbol came to mean.",
        [Strip("a row a symbol", np.concatenate(rows), labels=[f"symbol {symbol}" for symbol in range(10)])],
        {"normalised mutual information with the digits": f"{agreement:.2f}"},
    )


def _filled(row: np.ndarray) -> np.ndarray:
    """Return a row of as many pictures as are shown, the last ones empty where there are fewer."""
    return np.concatenate([row, np.full((SHOWN - len(row), *row.shape[1:]), EMPTY, np.uint8)])


def _codebook(digits: _Digits) -> Station:
    model = digits.learn(vqvae(SHAPE, entries=32, latent=8, width=12, halvings=1), 1200)
    law = prior(model, SHAPE, halvings=1, width=24)
    settings = Settings(steps=900, batch_size=128, learning_rate=2e-3, threads=1, seed=digits.seed)
    train(law, Indices(model, InMemory(Batch(digits.x))), settings=settings)
    shown = torch.from_numpy(digits.shown)[:, None].float() / 255
    with torch.inference_mode():
        symbols = model.encode(Batch(shown)).symbols
        restored = to_arrays(model.reconstruct(Batch(shown)))
        drawn = to_arrays(model.decode(model.code.value_of(law.sample(2 * SHOWN))))
        alone = model.encode(Batch(shown)).rate.mean().item() / np.log(2)
        cost = law.nats(model.encode(Batch(digits.unseen)).symbols).mean().item() / np.log(2)
    index = (symbols.numpy() * 8).astype(np.uint8).repeat(2, 1).repeat(2, 2)
    return Station(
        "A codebook",
        "VQ-VAE, van den Oord et al., 2017",
        "Sixteen indices into a book of 32 entries pass. Top: in. Middle: the indices, as greys. Bottom: out. A second "
        "network learned which indices follow which; digits drawn from it are below.",
        [
            Strip("what passes", np.concatenate([digits.shown, index, restored]), labels=("in", "indices", "out")),
            Strip("drawn by the prior of the indices", drawn),
        ],
        {"bits a picture, indices alone": f"{alone:.0f}", "under the prior": f"{cost:.0f}"},
    )


def _generator(digits: _Digits) -> Station:
    generator = Generator(8, steps=2000, random_state=digits.seed).fit(digits.train)
    likely = generator.log_likelihood(digits.test, draws=50)
    ways = [generator.interpolate(digits.shown[a : a + 1], digits.shown[b : b + 1], SHOWN) for a, b in ((3, 8), (1, 7))]
    return Station(
        "The decoder as generator",
        "VAE, Kingma & Welling, 2014",
        "The code is a cloud around a point, and all clouds together fill one large cloud, so that points between them "
        "decode to digits, too; a law learned afterwards says where in it digits are likely. Top: new digits, drawn "
        "from it. Then: the way from a 3 to an 8, and from a 1 to a 7.",
        [Strip("new digits", generator.sample(2 * SHOWN)), Strip("from one digit to another", np.concatenate(ways))],
        {"bound of the log-likelihood, nats (more is better)": f"{likely.mean():.1f}"},
    )


def _factors(digits: _Digits) -> Station:
    model = digits.learn(vae(SHAPE, latent=4, width=12, total_correlation=6.0), 1500)
    rows = []
    with torch.inference_mode():
        start = model.embed(Batch(digits.unseen[:1]))
        for number in range(4):
            codes = start.repeat(SHOWN, 1)
            codes[:, number] = torch.linspace(-2, 2, SHOWN)
            rows.append(to_arrays(model.decode(codes)))
    return Station(
        "One number, one meaning",
        "β-TCVAE, Chen et al., 2018",
        "The numbers of the code are pressed to be independent. Each row moves one of them and keeps the others.",
        [
            Strip(
                "each number in turn, from −2 to 2",
                np.concatenate(rows),
                labels=[f"number {number}" for number in range(4)],
            )
        ],
    )


def _odd(digits: _Digits) -> Station:
    detector = AnomalyDetector(steps=800, random_state=digits.seed).fit(digits.train[digits.taught == 0])
    odd, scores = digits.kinds != 0, detector.score_samples(digits.test)
    reasons = detector.explain(digits.shown)
    hottest = max(float(reason.heat.max()) for reason in reasons)
    share = [np.rint(255 * np.sqrt(reason.heat / hottest)).astype(np.uint8) for reason in reasons]
    return Station(
        "What does not belong",
        "Anomaly detection",
        "This one has seen noughts only. Top: in. Middle: what it makes of them. Bottom: where it sees none.",
        [Strip("ten digits", np.stack([*digits.shown, *(reason.expected for reason in reasons), *share]),
               labels=("in", "out", "where"))],
        {"AUROC, noughts against all others": f"{roc_auc_score(odd, -scores):.3f}"},
    )  # fmt: skip


def _voices(digits: _Digits) -> Station:
    pause = np.zeros(1600, np.float32)
    said, voice = (
        np.concatenate([pause, spoken(word, speaker, seconds=0.2, seed=digits.seed), pause])
        for word, speaker in (("aiueoaiueo", "ben"), ("oeaiuuaeio", "ada"))
    )
    found = VoiceConverter.bundled().compare(content=said, voice=voice)
    mels = [found.mels[name].numpy() for name in ("content", "voice", "result")]
    frames = min(mel.shape[1] for mel in mels)
    return Station(
        "What is said, and whose voice",
        "AdaIN-VC, Chou et al., 2019",
        "A code in two parts: a recording's statistics, which are the voice, are taken out of the one and put into the "
        "other. Low tones lie at the bottom, time runs to the right. Top: ten vowels in a low voice. Middle: others in "
        "a high one. Bottom: the first ten in the second voice. Its lines of pitch lie as far apart as those in the "
        "middle, its vowels follow each other as at the top. Both speakers are made by a formula; the model is the "
        "one that comes with the package and has learned from read English.",
        [Strip("what is said, the voice, the result", np.stack([_grey(mel[:, :frames]) for mel in mels]), columns=1)],
        {
            "likeness to the voice asked for, before (1: the same)": f"{found.before:.2f}",
            "likeness, after": f"{found.like_target:.2f}",
        },
    )  # fmt: skip


def _grey(mel: np.ndarray) -> np.ndarray:
    return np.rint(255 * brightness(mel)).astype(np.uint8)


STATIONS: tuple[Callable[[_Digits], Station], ...] = (
    _narrow, _deep, _noise, _plane, _bits, _one_hot, _codebook, _generator, _factors, _odd, _voices,
)  # fmt: skip
