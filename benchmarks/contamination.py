"""How much unclean training rows cost, and what telling of them gives back: python benchmarks/contamination.py

Of each development set with 60 and more odd and at most 3,000 training rows, half of the odd rows (as many as make
up the share) go into the training rows and the other half into the test.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from common import data_sets, print_table, save
from isthmus import AnomalyDetector

warnings.filterwarnings("ignore")


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
            if share:
                detectors["told"] = AnomalyDetector(contamination=share, random_state=0)
            for how, detector in detectors.items():
                score = roc_auc_score(labels, -detector.fit(unclean).score_samples(rows))
                found.setdefault((share, how), []).append(score)
        print(name, flush=True)
    table = [
        {"odd share": share, "detector": how, "AUROC": float(np.mean(scores)), "sets": len(scores)}
        for (share, how), scores in sorted(found.items())
    ]
    print_table(table, "Mean over the sets")
    save("contamination", table)


if __name__ == "__main__":
    main()
