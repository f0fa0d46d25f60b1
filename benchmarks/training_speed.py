"""Training beside pythae, the same network, data, batch and threads, in turn: python benchmarks/training_speed.py

A VAE and a VQ-VAE, in the network pythae takes by itself (784-512-code-512-784) and in our convolutional one. Prints
samples a second and the ratio, for our float32 and, where the processor multiplies it, for bfloat16, which our tasks
choose for wide pictures then; and the peak memory of a process that does nothing else. pythae is in
benchmarks/requirements.txt. In the convolutional network nearly three quarters of a step are convolutions, which both
sides leave to torch: in float32 there is little to win.
Both sides train for one short epoch to warm up, then in turn; medians.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

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
FULLY, CONV = "fully connected, pythae's default", "convolutional"


def networks(model: str, layers: str) -> tuple[nn.Module, nn.Module]:
    quantised = model == "VQ-VAE"
    out, into = (ENTRY, ENTRY) if quantised else (2 * LATENT, LATENT)
    if layers == CONV:
        flat = not quantised
        return ConvEncoder(SHAPE, out, width=16, flat=flat), ConvDecoder(into, SHAPE, width=16, flat=flat)
    encoder = [nn.Flatten(), nn.Linear(math.prod(SHAPE), 512), nn.ReLU(), nn.Linear(512, out)]
    decoder = [nn.Flatten(), nn.Linear(into, 512), nn.ReLU(), nn.Linear(512, math.prod(SHAPE)), nn.Unflatten(1, SHAPE)]
    if quantised:
        encoder.append(nn.Unflatten(1, (ENTRY, 1, 1)))
    return nn.Sequential(*encoder), Decoder(*decoder)


class Decoder(nn.Sequential):
    def forward(self, value: torch.Tensor, given: object = None) -> torch.Tensor:
        return super().forward(value)


def ours(x: torch.Tensor, model: str, layers: str, precision: str) -> None:
    quantised = model == "VQ-VAE"
    encoder, decoder = networks(model, layers)
    auto = AutoEncoder(
        encoder=encoder,
        code=Quantized(ENTRIES, ENTRY) if quantised else Gaussian(LATENT),
        decoder=decoder,
        distance=Normal(0.5**0.5) if quantised else Bernoulli(),
    )
    settings = Settings(steps=len(x) // BATCH, batch_size=BATCH, learning_rate=1e-3, clip=None, precision=precision)
    train(auto, Batch(x), settings=settings)


def theirs(x: torch.Tensor, model: str, layers: str) -> None:
    import peers_pythae

    encoder, decoder = networks(model, layers)
    if model == "VQ-VAE":
        auto = peers_pythae.vqvae(encoder, decoder, shape=SHAPE, entries=ENTRIES, width=ENTRY)
    else:
        auto = peers_pythae.vae(encoder, decoder, shape=SHAPE, latent=LATENT)
    peers_pythae.trained(auto, x, epochs=1, batch_size=BATCH, learning_rate=1e-3)


def sides(model: str, layers: str) -> dict[str, Callable[[torch.Tensor], None]]:
    found = {
        "pythae": lambda part: theirs(part, model, layers),
        "Isthmus, float32": lambda part: ours(part, model, layers, "float32"),
    }
    if layers == CONV and usual_precision() != "float32":
        found["Isthmus, bfloat16"] = lambda part: ours(part, model, layers, "bfloat16")
    return found


def peak(model: str, layers: str, side: str, samples: int) -> float:
    """Megabytes at most, of a process that trains this side alone."""
    command = [sys.executable, __file__, "--alone", model, layers, side, "--samples", str(samples)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=9600)
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    with np.load(DATA / "mnist" / "mnist.npz") as data:
        x = torch.from_numpy(data["x_train"][: options.samples]).float().div(255)[:, None]
    if options.alone:
        model, layers, side = options.alone
        sides(model, layers)[side](x[: 20 * BATCH])
        status = Path("/proc/self/status").read_text()  # ru_maxrss would begin with the parent's peak
        print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
        return
    rows = []
    for layers, model in itertools.product((FULLY, CONV), ("VAE", "VQ-VAE")):
        seconds: dict[str, list[float]] = {name: [] for name in sides(model, layers)}
        for number in range(options.rounds + 1):
            for name, side in sides(model, layers).items():
                began = time.perf_counter()
                side(x if number else x[: 10 * BATCH])
                if number:
                    seconds[name].append(time.perf_counter() - began)
        peer = statistics.median(seconds["pythae"])
        for name, times in seconds.items():
            middle = statistics.median(times)
            row = {"network": layers, "model": model, "side": name, "samples a second": len(x) / middle}
            rows.append(row | {"ratio": peer / middle, "peak MB": peak(model, layers, name, options.samples)})
            print(rows[-1], flush=True)
    print_table(rows, "Training beside pythae, one thread")
    save("training_speed", rows)


if __name__ == "__main__":
    main()
