"""Bound of the log-likelihood of binarised MNIST: python benchmarks/likelihood.py [--epochs 40] [--draws 1]

Trained on digits binarised anew every time they are seen; the importance-weighted bound of test digits, binarised
once. pythae's reruns have 89.8 for the VAE and 86.8 for the IWAE.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from common import DATA, print_table, save
from isthmus import Generator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--bound", type=int, default=5000, help="draws of the bound")
    parser.add_argument("--pictures", type=int, default=1000, help="test pictures, evenly over the set")
    options = parser.parse_args()
    with np.load(DATA / "mnist" / "mnist.npz") as data:
        train, test = data["x_train"], data["x_test"]
    began = time.perf_counter()
    generator = Generator(32, steps=options.epochs * len(train) // 128, draws=options.draws, random_state=0).fit(train)
    minutes = (time.perf_counter() - began) / 60
    some = test[:: max(1, len(test) // options.pictures)]
    row = {
        "model": "VAE" if options.draws == 1 else f"IWAE({options.draws})",
        "bound of 1 draw": -float(generator.log_likelihood(test, draws=1).mean()),
        f"bound of {options.bound} draws": -float(generator.log_likelihood(some, draws=options.bound).mean()),
        "test pictures": len(some),
        "minutes": minutes,
    }
    print_table([row], "Nats a test picture")
    save(f"likelihood_{options.draws}", row)


if __name__ == "__main__":
    main()
