"""Does the explanation name the wrong cell? python benchmarks/explanations.py

In normal test rows one cell is replaced by the same column of another row. Among the rows that this makes
flagged (5% false alarms) the altered column should be the first reason.
"""

from __future__ import annotations

import numpy as np

from common import data_sets, print_table, save
from isthmus import AnomalyDetector

ROWS = 400


def main() -> None:
    rows = []
    for name, train, test, truth in data_sets():
        chance = np.random.default_rng(0)
        normal = test[truth == 0]
        normal = normal[chance.permutation(len(normal))[:ROWS]]
        altered, every = normal.copy(), np.arange(len(normal))
        column = chance.integers(normal.shape[1], size=len(normal))
        altered[every, column] = normal[chance.integers(len(normal), size=len(normal)), column]
        detector = AnomalyDetector(random_state=0).fit(train)
        new = (altered != normal).any(1) & (detector.predict(normal) == 1) & (detector.predict(altered) == -1)
        if not new.any():
            continue
        first = detector.explain(altered[new], top=1)["column"].str[1:].astype(int).to_numpy()
        rows.append({"set": name, "detected": int(new.sum()), "named first": float((first == column[new]).mean())})
        print(rows[-1], flush=True)
    detected = sum(row["detected"] for row in rows)
    total = {
        "detected": detected,
        "named first, of all": sum(row["named first"] * row["detected"] for row in rows) / detected,
        "mean over sets": float(np.mean([row["named first"] for row in rows])),
        "mean over sets of 20 and more": float(np.mean([r["named first"] for r in rows if r["detected"] >= 20])),
    }
    print_table(rows, "Each set")
    print_table([total], "In all")
    save("explanations", {"total": total, "sets": rows})


if __name__ == "__main__":
    main()
