"""How real generated digits look to a classifier: python benchmarks/generated.py [--epochs 10] [--seeds 3]

The Fréchet distance (Heusel et al., 2017, arXiv:1706.08500) between 10,000 generated digits and the 10,000 test digits
of MNIST in the features of a small classifier, for `Generator` and pythae's VAE: same network, data, batch, epochs and
mean learning rate (pythae's stands still, ours falls from twice that), and so many seeds of each. Of both, codes drawn
from the standard normal law and from a mixture of normal laws fitted to the training digits' codes: ours, and pythae's
own sampler of that kind as it comes (10 laws). Beside them, training digits against test digits, which nobody can
beat, and test digits that were blurred. pythae is in benchmarks/requirements.txt.
"""

from __future__ import annotations

import argparse
import logging
import re
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import nn

import peers_pythae
from common import DATA, RESULTS, print_table, save
from isthmus import Generator
from isthmus.networks.conv import ConvDecoder, ConvEncoder

SHAPE, LATENT, WIDTH, BATCH, RATE, COUNT = (1, 28, 28), 16, 16, 128, 1e-3, 10_000


class Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(), nn.Flatten(),
            nn.Linear(64 * 49, 64), nn.ReLU(),
        )  # fmt: skip
        self.last = nn.Linear(64, 10)


def classifier(x: torch.Tensor, y: torch.Tensor) -> Classifier:
    """Three epochs on labelled digits; nothing of it is in the models that it judges."""
    torch.manual_seed(0)
    network = Classifier()
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(3):
        for rows in torch.randperm(len(x)).split(BATCH):
            loss = F.cross_entropy(network.last(network.features(x[rows])), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval()


@torch.no_grad()
def moments(network: Classifier, x: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    seen = torch.cat([network.features(part) for part in x.split(1000)]).double().numpy()
    return seen.mean(0), np.cov(seen.T)


def frechet(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    values, vectors = np.linalg.eigh(one[1])  # by way of a symmetric matrix: features that never fire make it singular
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    mixed = np.sqrt(np.linalg.eigvalsh(root @ other[1] @ root).clip(0)).sum()
    return float(((one[0] - other[0]) ** 2).sum() + np.trace(one[1] + other[1]) - 2 * mixed)


def ours(x: torch.Tensor, epochs: int, seed: int) -> dict[str, torch.Tensor]:
    digits = (x[:, 0] * 255).round().byte().numpy()
    generator = Generator(LATENT, width=WIDTH, steps=epochs * len(x) // BATCH, random_state=seed).fit(digits)
    made = {"Generator": generator.sample(COUNT)}
    generator.model_.code.prior = None
    made["our VAE, standard normal codes"] = generator.sample(COUNT)
    return {name: torch.from_numpy(digits).float().div(255)[:, None] for name, digits in made.items()}


def theirs(x: torch.Tensor, epochs: int, seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    encoder, decoder = ConvEncoder(SHAPE, 2 * LATENT, width=WIDTH), ConvDecoder(LATENT, SHAPE, width=WIDTH)
    model = peers_pythae.vae(encoder, decoder, shape=SHAPE, latent=LATENT)
    peers_pythae.trained(model, x, epochs=epochs, batch_size=BATCH, learning_rate=RATE)
    return {
        "pythae's VAE, its mixture sampler": peers_pythae.drawn(model, x, COUNT, mixture=True),
        "pythae's VAE": peers_pythae.drawn(model, x, COUNT, mixture=False),
    }


def keep(made: torch.Tensor, name: str) -> None:
    """Write the first hundred as a picture."""
    grid = made[:100, 0].view(10, 10, 28, 28).permute(0, 2, 1, 3).reshape(280, 280)
    stem = re.sub(r"\W+", "_", name.replace("'s", "")).lower()
    Image.fromarray((grid.numpy() * 255).astype(np.uint8)).save(RESULTS / f"generated_{stem}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    with np.load(DATA / "mnist" / "mnist.npz") as data:
        x, unseen = (torch.from_numpy(data[key]).float().div(255)[:, None] for key in ("x_train", "x_test"))
        judge = classifier(x, torch.from_numpy(data["y_train"]).long())
    real = moments(judge, unseen)
    blurred = torch.from_numpy(gaussian_filter(unseen.numpy(), (0, 0, 1, 1)))
    rows = [
        {"digits": "training digits", "distance": frechet(moments(judge, x[:COUNT]), real)},
        {"digits": "test digits, blurred by a pixel", "distance": frechet(moments(judge, blurred), real)},
    ]
    for make in (theirs, ours):
        found: dict[str, list[float]] = {}
        began = time.perf_counter()
        for seed in range(options.seeds):
            for name, made in make(x, options.epochs, seed).items():
                found.setdefault(name, []).append(frechet(moments(judge, made), real))
                if seed == 0:
                    keep(made, name)
        minutes = (time.perf_counter() - began) / 60 / options.seeds
        for name, distances in found.items():
            rows.append({"digits": name, "distance": float(np.mean(distances)), "minutes": minutes, "seeds": distances})
            print(rows[-1], flush=True)
    print_table(rows, f"Fréchet distance to the test digits, {options.epochs} epochs")
    save("generated", rows)


if __name__ == "__main__":
    main()
