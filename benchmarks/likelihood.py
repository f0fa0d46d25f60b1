"""Bound of the log-likelihood of binarised MNIST: python benchmarks/likelihood.py [--epochs 40] [--draws 50]

Trained on digits binarised anew every time they are seen; the importance-weighted bound of test digits, binarised
once. The codes' prior is the one that `Generator` fits to them. With more than one draw the last steps are those of the
importance-weighted auto-encoder, from where the VAE has come: all of them would take days of a CPU. pythae's reruns,
with the standard normal prior, have 89.8 for the VAE and 86.8 for the IWAE.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from common import DATA, print_table, save, stored
from isthmus import Generator


def merged(rows: list[dict]) -> list[dict]:
    """These rows in the place of stored ones of the same models."""
    models = {row["model"] for row in rows}
    return rows + [row for row in stored("likelihood") or [] if row["model"] not in models]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--last", type=int, default=600, help="steps with so many draws, after the epochs with one")
    parser.add_argument("--bound", type=int, default=5000, help="draws of the bound")
    parser.add_argument("--pictures", type=int, default=1000, help="test pictures, evenly over the set")
    options = parser.parse_args()
    with np.load(DATA / "mnist" / "mnist.npz") as data:
        train, test = data["x_train"], data["x_test"]
    some = test[:: max(1, len(test) // options.pictures)]
    generator, began, rows = Generator(32, steps=options.epochs * len(train) // 128, random_state=0), time.time(), []
    for draws in sorted({1, options.draws}):
        if draws > 1:
            generator.set_params(draws=draws, steps=options.last, warm_start=True)
        generator.fit(train)
        row = {"model": "VAE" if draws == 1 else f"IWAE({draws})", "minutes": (time.time() - began) / 60}
        row["bound of 1 draw"] = -float(generator.log_likelihood(test, draws=1).mean())
        row[f"bound of {options.bound} draws"] = -float(generator.log_likelihood(some, draws=options.bound).mean())
        rows.append(row | {"test pictures": len(some)})
        print(rows[-1], flush=True)
        save("likelihood", merged(rows))
    print_table(rows, "Nats a test picture")


if __name__ == "__main__":
    main()
