"""Mixed tables, one-class, beside the classical detectors: python benchmarks/mixed_tables.py [--seeds 3]

Half of the normal rows (at most 20,000) train, the other normals and all odd rows are the test.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np

from common import DATA, print_table, save
from isthmus.kinds import tables
from isthmus.tasks.comparison import compare
from isthmus.tasks.demonstration import breast_cancer

warnings.filterwarnings("ignore")
LABELS = {"kddcup99": "label", "paysim": "isFraud", "creditcard": "Class"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    cases = [(name, DATA / "tables" / f"{name}.csv.gz", label) for name, label in LABELS.items()]
    cases = [(name, tables.read(path), label) for name, path, label in cases if path.exists()]
    cases.append(("breast cancer", breast_cancer().everything, "malignant"))
    rows = []
    for name, table, label in cases:
        found: dict[str, list[float]] = {}
        for seed in seeds:
            for row in compare(table, label=label, seed=seed).rows:
                found.setdefault(row.detector, []).append(row.auroc)
        rows.append({"table": name, **{detector: float(np.mean(scores)) for detector, scores in found.items()}})
        print(rows[-1], flush=True)
    order = sorted(rows[0])
    print_table([{key: row[key] for key in ["table", *(k for k in order if k != "table")]} for row in rows], "AUROC")
    save("mixed_tables", rows)


if __name__ == "__main__":
    main()
