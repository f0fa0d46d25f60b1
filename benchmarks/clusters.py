"""Classes without labels on handwritten digits and clothes: python benchmarks/clusters.py [--set mnist] [--seeds 3]

`digits` are the 1,797 of 8 × 8 pixels that come with scikit-learn, the last 397 of which are kept for the test.
Accuracy on test pictures under the best matching of classes to names; no label is used before that. k-means on pixels
stands beside it.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import load_digits

from common import DATA, print_table, save
from isthmus import Clusterer


def matched_accuracy(found: np.ndarray, names: np.ndarray) -> float:
    counts = np.zeros((found.max() + 1, names.max() + 1), int)
    np.add.at(counts, (found, names), 1)
    rows, columns = linear_sum_assignment(-counts)
    return counts[rows, columns].sum() / len(names)


def pictures_of(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures to learn from, pictures to judge, and what those are called."""
    if name == "digits":
        every = load_digits()
        pictures = (every.images * (255 / 16)).astype(np.uint8)
        return pictures[:-397], pictures[-397:], every.target[-397:]
    with np.load(DATA / name / f"{name}.npz") as data:
        return data["x_train"], data["x_test"], data["y_test"].astype(int)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="mnist", choices=["mnist", "fashion_mnist", "digits"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1500)
    options = parser.parse_args()
    train, test, names = pictures_of(options.set)
    flat = [pictures.reshape(len(pictures), -1) / 255 for pictures in (train, test)]
    kmeans = MiniBatchKMeans(10, n_init=3, random_state=0).fit(flat[0]).predict(flat[1])
    rows = [{"method": "k-means on pixels", "seed": 0, "accuracy": matched_accuracy(kmeans, names), "minutes": 0.0}]
    for seed in range(options.seeds):
        began = time.perf_counter()
        clusterer = Clusterer(10, steps=options.steps, mirror=options.set == "fashion_mnist", random_state=seed).fit(
            train
        )
        minutes = (time.perf_counter() - began) / 60
        accuracy = float(matched_accuracy(clusterer.predict(test), names))
        rows.append({"method": "one-hot code", "seed": seed, "accuracy": accuracy, "minutes": minutes})
        print(rows[-1], flush=True)
    print_table(rows, options.set)
    save(f"clusters_{options.set}", rows)


if __name__ == "__main__":
    main()
