"""What codes are good for, on MNIST: python benchmarks/embeddings.py [--steps 3000]

Codes of 32 numbers: a linear probe's test accuracy from 60,000, 1,000, 100 and 10 labels, beside the same probe on
pixels and on PCA's 32 numbers. Codes of 2 numbers: k-nearest-neighbour accuracy in the map and its trustworthiness,
beside PCA's and t-SNE's. Binary codes of 32 bits: mean average precision of retrieval by Hamming distance, beside
random hyperplanes (LSH) and PCA's signs of the same length. No label is used but for these probes.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common import DATA, print_table, save
from isthmus import Embedder
from isthmus.code import Batch
from isthmus.recipes.binary import bits
from isthmus.training.loop import train as fit
from isthmus.training.settings import Settings, usual_precision
from isthmus.views import Warps

LABELS = (60_000, 1_000, 100, 10)
MAPPED = 10_000  # digits in a map; t-SNE places no more in reasonable time
QUERIES = 1_000


def probe(codes: np.ndarray, labels: np.ndarray, test: np.ndarray, wanted: np.ndarray, count: int) -> float:
    """Accuracy of a linear probe from `count` labels; with few, the mean over ten draws, a label a class at least."""
    found = []
    for seed in range(1 if count == len(codes) else 10):
        chance = np.random.default_rng(seed)
        order = chance.permutation(len(codes))
        first = [order[labels[order] == label][0] for label in range(10)]
        rows = order if count == len(codes) else np.concatenate([first, np.setdiff1d(order, first)[: count - 10]])
        model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0 if count > 1000 else 0.1, max_iter=300))
        found.append(model.fit(codes[rows], labels[rows]).score(test, wanted))
    return float(np.mean(found))


def probes(name: str, codes: np.ndarray, labels: np.ndarray, test: np.ndarray, wanted: np.ndarray) -> dict:
    return {"codes": name} | {f"{count:,} labels": probe(codes, labels, test, wanted, count) for count in LABELS}


def mapped(name: str, places: np.ndarray, labels: np.ndarray, pixels: np.ndarray) -> dict:
    """Neighbours vote over the first half of a map for the second."""
    half = len(places) // 2
    voted = KNeighborsClassifier(10).fit(places[:half], labels[:half]).score(places[half:], labels[half:])
    return {"map": name, "neighbours' vote": voted, "trustworthiness": trustworthiness(pixels[:3000], places[:3000])}


def average_precision(codes: np.ndarray, labels: np.ndarray, queries: np.ndarray, wanted: np.ndarray) -> float:
    """Mean average precision of ranking all codes by Hamming distance; ties are ordered at random."""
    chance, found = np.random.default_rng(0), []
    for query, label in zip(queries, wanted, strict=True):
        order = np.argsort((codes != query).sum(1) + chance.random(len(codes)))
        hit = labels[order] == label
        found.append((np.cumsum(hit)[hit] / (np.flatnonzero(hit) + 1)).mean())
    return float(np.mean(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3000)
    options = parser.parse_args()
    with np.load(DATA / "mnist" / "mnist.npz") as data:
        train, test = data["x_train"], data["x_test"]
        labels, wanted = data["y_train"].astype(int), data["y_test"].astype(int)
    flat, flat_test = (pictures.reshape(len(pictures), -1) / 255.0 for pictures in (train, test))
    pca = PCA(32, random_state=0).fit(flat)
    began = time.perf_counter()
    embedder = Embedder(32, steps=options.steps, random_state=0).fit(train)
    print(f"32 numbers: {(time.perf_counter() - began) / 60:.1f} minutes", flush=True)
    codes = [
        ("ours, 32", embedder.transform(train), embedder.transform(test)),
        ("PCA, 32", pca.transform(flat), pca.transform(flat_test)),
        ("pixels, 784", flat, flat_test),
    ]
    linear = []
    for name, learned, held in codes:
        linear.append(probes(name, learned, labels, held, wanted))
        print(linear[-1], flush=True)

    plane = Embedder(2, steps=options.steps, random_state=0).fit(train)
    few, few_labels, few_flat = test[:MAPPED], wanted[:MAPPED], flat_test[:MAPPED]
    maps = [
        mapped("our code of 2", plane.transform(few), few_labels, few_flat),
        mapped("PCA of pixels", PCA(2, random_state=0).fit_transform(few_flat), few_labels, few_flat),
        mapped("t-SNE of pixels", embedder.map(few, "tsne", of="data"), few_labels, few_flat),
        mapped("t-SNE of our 32", embedder.map(few, "tsne"), few_labels, few_flat),
    ]
    print_table(maps, "maps of the test digits")

    pictures = torch.from_numpy(train)[:, None] / 255
    parts = torch.cat([pictures, torch.from_numpy(test)[:, None] / 255]).split(1000)
    ours = {}
    for name, view in (
        ("our bits", None),
        ("our bits, from other views", Warps(turn=30, scale=0.3, slant=0.4, move=0.2)),
    ):
        torch.manual_seed(0)
        model = bits((1, 28, 28), count=32, view=view)
        settings = Settings(
            steps=options.steps, batch_size=128, learning_rate=2e-3, precision=usual_precision(), threads=1
        )
        fit(model, Batch(pictures), settings=settings)
        with torch.inference_mode():
            ours[name] = torch.cat([model.embed(Batch(part)) for part in parts]).numpy() > 0
    centred = flat - flat.mean(0)
    planes = np.random.default_rng(0).normal(size=(784, 32))
    hashes = {
        **{name: (found[: len(train)], found[len(train) :]) for name, found in ours.items()},
        "signs of PCA": (codes[1][1] > 0, codes[1][2] > 0),
        "random hyperplanes": (centred @ planes > 0, (flat_test - flat.mean(0)) @ planes > 0),
    }
    retrieved = [
        {"hash of 32 bits": name, "mAP": average_precision(own, labels, held[:QUERIES], wanted[:QUERIES])}
        for name, (own, held) in hashes.items()
    ]
    print_table(linear, "accuracy of a linear probe")
    print_table(retrieved, "retrieval of 60,000 by 1,000")
    save("embeddings", {"probes": linear, "maps": maps, "hashes": retrieved})


if __name__ == "__main__":
    main()
