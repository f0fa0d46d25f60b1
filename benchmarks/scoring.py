"""How fast rows are scored on one core, and in how much memory: python benchmarks/scoring.py [--rows 10000000]

Writes a Parquet file of that many rows to a temporary folder and scores it in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from common import print_table, save
from isthmus import AnomalyDetector

STREAM = """
import resource, sys, time, isthmus
from isthmus.tasks.review import score_to_file
detector = isthmus.load(sys.argv[1])
began = time.perf_counter()
rows, flagged = score_to_file(detector, sys.argv[2], sys.argv[3], telling=0)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(rows, time.perf_counter() - began, peak)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core
    chance = np.random.default_rng(0)
    detector = AnomalyDetector(random_state=0).fit(chance.normal(size=(20_000, 30)))
    test = chance.normal(size=(200_000, 30))
    speeds = []
    for _ in range(5):
        began = time.perf_counter()
        detector.score_samples(test)
        speeds.append(len(test) / (time.perf_counter() - began))
    result = {"rows/s, 30 columns (median of 5)": float(np.median(speeds))}

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        names = [f"c{i}" for i in range(5)]
        with pq.ParquetWriter(home / "large.parquet", pa.schema([(name, pa.float64()) for name in names])) as writer:
            for _ in range(0, rows, 500_000):
                writer.write_table(pa.table({name: chance.normal(size=min(500_000, rows)) for name in names}))
        AnomalyDetector(random_state=0).fit(
            pq.ParquetFile(home / "large.parquet").read_row_group(0).slice(0, 20_000)
        ).save(home / "model")
        command = [sys.executable, "-c", STREAM, home / "model", home / "large.parquet", home / "scores.parquet"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout.split()
        result |= {
            "streamed rows": int(done[0]),
            "streamed rows/s": int(done[0]) / float(done[1]),
            "peak MB": float(done[2]),
        }
        result["file MB"] = (home / "large.parquet").stat().st_size / 1e6
    print_table([result], "Scoring on one core")
    save("scoring", result)


if __name__ == "__main__":
    main()
