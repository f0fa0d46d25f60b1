"""How much unclean training rows cost, and what telling of them gives back: python benchmarks/contamination.py

Of each development set with 60 and more odd and at most 3,000 training rows, half of the odd rows (as many as make
up the share) go into the training rows and the other half into the test. And of each development set as it is, at most
8,000 rows: learned from and ranked by what was learned, as one does who has one table and knows nothing of it.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from common import data_sets, print_table, save
from isthmus import AnomalyDetector

warnings.filterwarnings("ignore")
MOST = 8000  # rows of a table that is its own test
TOLD = 0.1


def own_tables() -> list[dict[str, float | str]]:
    """Mean AUROC over the sets of the very rows that were learned from, odd ones among them."""
    found: dict[str, list[float]] = {}
    for name, train, test, truth in data_sets():
        rows, labels = np.concatenate([train, test]), np.r_[np.zeros(len(train)), truth]
        kept = np.random.default_rng(0).permutation(len(rows))[:MOST]
        rows, labels = rows[kept], labels[kept]
        deviation = rows.std(0)
        standard = (rows - rows.mean(0)) / np.where(deviation < 1e-9, 1, deviation)
        scores = {
            "not told": -AnomalyDetector(random_state=0).fit(rows).score_samples(rows),
            f"told of {TOLD:.0%}": -AnomalyDetector(contamination=TOLD, random_state=0).fit(rows).score_samples(rows),
            "isolation forest": -IsolationForest(random_state=0).fit(rows).score_samples(rows),
        }
        for k in (1, 5, 20):  # of others: no row is its own neighbour
            scores[f"nearest neighbours, k = {k}"] = (
                NearestNeighbors(n_neighbors=k).fit(standard).kneighbors()[0][:, -1]
            )
        for how, score in scores.items():
            found.setdefault(how, []).append(roc_auc_score(labels, score))
        print(name, {how: round(values[-1], 3) for how, values in found.items()}, flush=True)
    return [{"detector": how, "AUROC": float(np.mean(values)), "sets": len(values)} for how, values in found.items()]


def main() -> None:
    found: dict[tuple[float, str], list[float]] = {}
    for name, train, test, truth in data_sets():
        odd = np.random.default_rng(0).permutation(test[truth == 1])
        if len(odd) < 60 or len(train) > 3000:
            continue
        rows = np.concatenate([test[truth == 0], odd[len(odd) // 2 :]])
        labels = np.r_[np.zeros((truth == 0).sum()), np.ones(len(odd) - len(odd) // 2)]
        for share in (0.0, 0.05, 0.10):
            added = min(int(share * len(train) / (1 - share)), len(odd) // 2)
            unclean = np.concatenate([train, odd[:added]])
            detectors = {
                "not told": AnomalyDetector(random_state=0),
                "isolation forest": IsolationForest(random_state=0),
            }
            detectors["told" if share else f"told of {TOLD:.0%}, of which there are none"] = AnomalyDetector(
                contamination=share or TOLD, random_state=0
            )
            for how, detector in detectors.items():
                score = roc_auc_score(labels, -detector.fit(unclean).score_samples(rows))
                found.setdefault((share, how), []).append(score)
        print(name, flush=True)
    table = [
        {"odd share": share, "detector": how, "AUROC": float(np.mean(scores)), "sets": len(scores)}
        for (share, how), scores in sorted(found.items())
    ]
    print_table(table, "Mean over the sets")
    own = own_tables()
    print_table(own, "Ranking the very rows that were learned from, mean over the sets")
    save("contamination", {"held out": table, "own table": own})


if __name__ == "__main__":
    main()
