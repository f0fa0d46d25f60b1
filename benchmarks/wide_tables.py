"""Wide tables of what is there or not, one-class: python benchmarks/wide_tables.py [--seeds 2]

Which words are in a news item (one subject is normal, another is odd), and which pixels of a digit are inked: hundreds
of columns that tell little of each other. Half of the normal rows, 2,500 at most, train.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from common import DATA, print_table, save
from isthmus.tasks.comparison import compare

warnings.filterwarnings("ignore")
ROWS, ODD = 5000, 250  # normal ones, half of which train, and odd ones
SUBJECTS = ("world", "sports", "business", "science")


def tables() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, normal rows and odd rows."""
    news = pd.read_csv(DATA / "ag_news" / "train.tsv.gz", sep="\t", quoting=3)
    subject = news["label"].to_numpy()
    for words in (100, 400, 1000):
        there = CountVectorizer(max_features=words, binary=True, stop_words="english").fit_transform(news["text"])
        for normal, odd in ((0, 1), (1, 2), (2, 3), (3, 0)):
            name = f"{words} words, {SUBJECTS[normal]}, {SUBJECTS[odd]} odd"
            yield name, there[subject == normal].toarray(), there[subject == odd].toarray()
    with np.load(DATA / "mnist" / "mnist.npz") as digits:
        inked, digit = digits["x_train"].reshape(-1, 784) > 127, digits["y_train"]
    for normal, odd in ((3, 8), (4, 9), (7, 2)):
        yield f"784 pixels, {normal}, {odd} odd", inked[digit == normal], inked[digit == odd]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    rows = []
    for name, normal, odd in tables():
        found: dict[str, list[float]] = {}
        for seed in range(options.seeds):
            chance = np.random.default_rng(seed)
            parts = [chance.permutation(part)[:most] for part, most in ((normal, ROWS), (odd, ODD))]
            table = pd.DataFrame(np.concatenate(parts).astype(float)).rename(columns=str)
            table["odd"] = np.repeat([0, 1], [len(part) for part in parts])
            for row in compare(table, label="odd", seed=seed).rows:
                found.setdefault(row.detector, []).append(row.auroc)
        rows.append({"table": name, **{detector: float(np.mean(scores)) for detector, scores in found.items()}})
        print(rows[-1], flush=True)
    means = {detector: float(np.mean([row[detector] for row in rows])) for detector in rows[0] if detector != "table"}
    rows.append({"table": "mean", **means})
    print_table(rows, "AUROC")
    save("wide_tables", rows)


if __name__ == "__main__":
    main()
