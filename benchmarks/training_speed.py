"""Training beside pythae, the same network, data, batch and threads, in turn: python benchmarks/training_speed.py

A VAE and a VQ-VAE. Prints samples a second and the ratio, for our float32 and for the precision our tasks choose by
themselves, and the peak memory of a process that does nothing else. pythae is in benchmarks/requirements.txt.
Both sides train for one short epoch to warm up, then in turn; medians.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from common import DATA, print_table, save
from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.gaussian import Gaussian
from isthmus.codes.quantized import Quantized
from isthmus.distances import Bernoulli, Normal
from isthmus.networks.conv import ConvDecoder, ConvEncoder
from isthmus.training.loop import train
from isthmus.training.settings import Settings, usual_precision

LATENT, SHAPE, BATCH = 16, (1, 28, 28), 128
ENTRIES, ENTRY = 512, 64


def ours(x: torch.Tensor, model: str, precision: str) -> None:
    quantised = model == "VQ-VAE"
    auto = AutoEncoder(
        encoder=ConvEncoder(SHAPE, ENTRY if quantised else 2 * LATENT, width=16, flat=not quantised),
        code=Quantized(ENTRIES, ENTRY) if quantised else Gaussian(LATENT),
        decoder=ConvDecoder(ENTRY if quantised else LATENT, SHAPE, width=16, flat=not quantised),
        distance=Normal(0.5**0.5) if quantised else Bernoulli(),
    )
    settings = Settings(steps=len(x) // BATCH, batch_size=BATCH, learning_rate=1e-3, clip=None, precision=precision)
    train(auto, Batch(x), settings=settings)


def theirs(x: torch.Tensor, model: str) -> None:
    import peers_pythae

    quantised = model == "VQ-VAE"
    encoder = ConvEncoder(SHAPE, ENTRY if quantised else 2 * LATENT, width=16, flat=not quantised)
    decoder = ConvDecoder(ENTRY if quantised else LATENT, SHAPE, width=16, flat=not quantised)
    if quantised:
        auto = peers_pythae.vqvae(encoder, decoder, shape=SHAPE, entries=ENTRIES, width=ENTRY)
    else:
        auto = peers_pythae.vae(encoder, decoder, shape=SHAPE, latent=LATENT)
    peers_pythae.trained(auto, x, epochs=1, batch_size=BATCH, learning_rate=1e-3)


def sides(model: str) -> dict[str, Callable[[torch.Tensor], None]]:
    usual = usual_precision()
    return {
        "pythae": lambda part: theirs(part, model),
        "Isthmus, float32": lambda part: ours(part, model, "float32"),
        f"Isthmus, {usual} (what its tasks choose here)": lambda part: ours(part, model, usual),
    }


def peak(model: str, side: str, samples: int) -> float:
    """Megabytes at most, of a process that trains this side alone."""
    command = [sys.executable, __file__, "--alone", model, side, "--samples", str(samples)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=9600)
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    with np.load(DATA / "mnist" / "mnist.npz") as data:
        x = torch.from_numpy(data["x_train"][: options.samples]).float().div(255)[:, None]
    if options.alone:
        model, side = options.alone
        sides(model)[side](x[: 20 * BATCH])
        status = Path("/proc/self/status").read_text()  # ru_maxrss would begin with the parent's peak
        print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
        return
    rows = []
    for model in ("VAE", "VQ-VAE"):
        seconds: dict[str, list[float]] = {name: [] for name in sides(model)}
        for number in range(options.rounds + 1):
            for name, side in sides(model).items():
                began = time.perf_counter()
                side(x if number else x[: 10 * BATCH])
                if number:
                    seconds[name].append(time.perf_counter() - began)
        peer = statistics.median(seconds["pythae"])
        for name, times in seconds.items():
            middle = statistics.median(times)
            row = {"model": model, "side": name, "samples a second": len(x) / middle, "ratio": peer / middle}
            rows.append(row | {"peak MB": peak(model, name, options.samples)})
            print(rows[-1], flush=True)
    print_table(rows, "Training convolutional models, one thread")
    save("training_speed", rows)


if __name__ == "__main__":
    main()
