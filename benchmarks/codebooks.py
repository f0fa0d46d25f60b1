"""Codebooks beside vector-quantize-pytorch: python benchmarks/codebooks.py [--set fashion_mnist] [--steps 2000]

The same network, steps, data and seed on both sides; what differs is the codebook. Squared error per held-out picture
(of pixels in [0, 1]), PSNR, the share of 512 entries in use, and bits a picture: as many as the indices are long, and
as their frequencies allow.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np
import torch
from torch import Tensor

from common import DATA, print_table, save
from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch, Code
from isthmus.codes.bottleneck import Bottleneck
from isthmus.recipes.vqvae import vqvae
from isthmus.training.loop import train
from isthmus.training.settings import Settings, usual_precision

SHAPE, ENTRIES, LATENT = (1, 28, 28), 512, 64


class Theirs(Bottleneck):
    """vector-quantize-pytorch at its defaults, with the commitment on the scale of ours."""

    def __init__(self) -> None:
        super().__init__()
        from vector_quantize_pytorch import VectorQuantize

        self.entries = ENTRIES
        self.quantize = VectorQuantize(
            dim=LATENT, codebook_size=ENTRIES, decay=0.99, commitment_weight=1.0, kmeans_init=True,
            threshold_ema_dead_code=2, accept_image_fmap=True,
        )  # fmt: skip

    def forward(self, features: Tensor) -> Code:
        value, index, commitment = self.quantize(features.float())
        free = features.new_zeros(len(features))
        penalty = 0.125 * commitment.sum() * features[0].numel() + free
        return Code(value, free + math.prod(features.shape[2:]) * math.log(ENTRIES), penalty, symbols=index)


def built(name: str) -> AutoEncoder:
    learned = {"moving averages": "averages", "gradient": "gradient", "finite scalars": "levels"}.get(name, "averages")
    model = vqvae(SHAPE, entries=ENTRIES, latent=LATENT, width=16, learned=learned)
    if name == "vector-quantize-pytorch":
        model.code = Theirs()
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="fashion_mnist", choices=["mnist", "fashion_mnist"])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--codebooks", default="moving averages,gradient,finite scalars,vector-quantize-pytorch")
    options = parser.parse_args()
    with np.load(DATA / options.set / f"{options.set}.npz") as data:
        learned, held = (torch.from_numpy(data[part])[:, None].float().div(255) for part in ("x_train", "x_test"))
    rows = []
    for seed in range(options.seeds):
        for name in options.codebooks.split(","):
            torch.manual_seed(seed)
            try:
                model = built(name)
            except ImportError:
                continue
            settings = Settings(
                steps=options.steps, batch_size=128, learning_rate=1e-3, warmup=100, seed=seed, threads=1,
                precision=usual_precision(), evaluate_every=options.steps,
            )  # fmt: skip
            began = time.perf_counter()
            train(model, Batch(learned), settings=settings)
            minutes = (time.perf_counter() - began) / 60
            with torch.inference_mode():
                parts = [(model.encode(Batch(part)), part) for part in held.split(500)]
                back = torch.cat([model.decode(code.value) for code, _ in parts]).clamp(0, 1)
                symbols = torch.cat([code.symbols.flatten(1) for code, _ in parts])
            error = (back - held).square().flatten(1)
            share = torch.bincount(symbols.flatten(), minlength=ENTRIES).double() / symbols.numel()
            entropy = float(-(share[share > 0] * share[share > 0].log2()).sum())
            rows.append(
                {
                    "codebook": name, "seed": seed, "squared error": float(error.sum(1).mean()),
                    "PSNR": float((-10 * error.mean(1).log10()).mean()), "used": float((share > 0).double().mean()),
                    "bits": symbols.shape[1] * math.log2(model.code.entries),
                    "bits by frequency": symbols.shape[1] * entropy, "minutes": minutes,
                }
            )  # fmt: skip
            print(rows[-1], flush=True)
    print_table(rows, f"{options.set}, {symbols.shape[1]} places of {ENTRIES} entries")
    save(f"codebooks_{options.set}", rows)


if __name__ == "__main__":
    main()
