"""Which dimension carries what, on sprites: python benchmarks/disentangling.py [--seeds 3] [--steps 4000]

MIG, SAP and DCI of the codes of a VAE, a β-VAE and a β-TCVAE; writes a picture of what each number of the last one's
code turns. The sprites, 64 pixels wide, are seen at half that, in grey; 10,000 that no model was taught judge.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.metrics import mutual_info_score

from common import DATA, RESULTS, print_table, save, stored
from isthmus.code import Batch
from isthmus.kinds.images import to_arrays
from isthmus.networks.broadcast import BroadcastDecoder
from isthmus.networks.mlp import Dense
from isthmus.recipes.vae import variational
from isthmus.reports.pictures import save_png, sheet
from isthmus.tasks.factors import dci, mig, mutual_information, sap
from isthmus.training.loop import train
from isthmus.training.samples import InMemory
from isthmus.training.settings import Settings, usual_precision

RECIPES = {
    "β-TCVAE, β from 20 to 6": {"total_correlation": 6.0, "total_correlation_first": 20.0},
    "β-TCVAE, β = 6": {"total_correlation": 6.0},
    "VAE": {},
    "β-VAE, β = 4": {"beta": 4.0},
}
SHOWN = "β-TCVAE, β from 20 to 6"  # whose numbers become a picture
FACTORS = ("shape", "size", "orientation", "across", "down")  # that sprites are made from
CARRIED = 0.3  # share of a factor that a number tells, to be said to carry it
STEPS = np.linspace(-2, 2, 9)  # that a number is turned by
JUDGED = 10_000  # sprites, kept from training
SIDE = 32  # pixels


def model_of(latent: int = 10, **recipe: float) -> torch.nn.Module:
    encoder = torch.nn.Sequential(
        torch.nn.Flatten(), Dense((SIDE**2, 512, 512, 2 * latent), activation=torch.nn.ReLU)
    )  # fmt: skip
    return variational(encoder, BroadcastDecoder(latent, (1, SIDE, SIDE)), latent=latent, **recipe)


class Sprites(InMemory):
    """Bits in memory, pictures when asked for: 60,000 pictures as floats would be a gigabyte."""

    def take(self, chunks):
        for batch in super().take(chunks):
            yield Batch(pictures(batch.x))


def pictures(bits: torch.Tensor) -> torch.Tensor:
    places = torch.arange(7, -1, -1, dtype=torch.uint8)
    return F.avg_pool2d((bits[..., None] >> places & 1).flatten(2).unsqueeze(1).float(), 64 // SIDE)


def traversals(model: torch.nn.Module, one: torch.Tensor) -> list[np.ndarray]:
    """One number of the code turned at a time, a row of pictures each."""
    z = model.embed(Batch(one))
    rows = []
    for number in range(z.shape[1]):
        moved = z.repeat(len(STEPS), 1)
        moved[:, number] = torch.from_numpy(STEPS)
        rows.append(to_arrays(model.decode(moved)))
    return rows


def captions(codes: np.ndarray, factors: np.ndarray) -> list[str]:
    """Which number each is, and what it carries: the factors of which no other tells more, and it tells enough."""
    told = mutual_information(codes, factors) / [mutual_info_score(factor, factor) for factor in factors.T]
    carriers = np.where(told.max(0) >= CARRIED, told.argmax(0), -1)
    carried = [[name for name, by in zip(FACTORS, carriers, strict=True) if by == n] for n in range(len(told))]
    return [f"number {n}" + (f": {' and '.join(names)}" if names else "") for n, names in enumerate(carried)]


def drawn(rows: list[np.ndarray], labels: list[str]) -> Image.Image:
    return sheet(rows, labels, headings=[f"{step:g}" for step in STEPS])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seed", type=int, nargs="*", help="these seeds, instead of the first ones")
    parser.add_argument("--only", choices=list(RECIPES), help="the stored results of others are kept")
    options = parser.parse_args()
    with np.load(DATA / "dsprites" / "dsprites_like_60k.npz") as data:
        bits, factors = torch.from_numpy(data["imgs_bits"]), data["latents_classes"][:, 1:].astype(int)
    for name, recipe in RECIPES.items():
        if options.only not in (None, name):
            continue
        for seed in options.seed or range(options.seeds):
            torch.manual_seed(seed)
            model = model_of(**recipe, **({"falling": options.steps} if "total_correlation_first" in recipe else {}))
            began = time.perf_counter()
            settings = Settings(
                steps=options.steps, batch_size=128, learning_rate=2e-3, clip=None, seed=seed,
                precision=usual_precision(), evaluate_every=options.steps, threads=1,
            )  # fmt: skip
            train(model, Sprites(Batch(bits[JUDGED:])), settings=settings)
            minutes = (time.perf_counter() - began) / 60
            with torch.inference_mode():
                judged = [model.embed(Batch(pictures(part))) for part in bits[:JUDGED].split(500)]
                codes = torch.cat(judged).numpy()
                turned = traversals(model, pictures(bits[7:8]))
            row = {"recipe": name, "seed": seed, "MIG": mig(codes, factors[:JUDGED]), "minutes": minutes}
            row |= {"SAP": sap(codes, factors[:JUDGED])} | dci(codes, factors[:JUDGED])
            print(row, flush=True)
            others = [r for r in stored("disentangling") or [] if (r["recipe"], r["seed"]) != (name, seed)]
            rows = sorted([*others, row], key=lambda row: (list(RECIPES).index(row["recipe"]), row["seed"]))
            save("disentangling", rows)
            if name == SHOWN:
                save_png(drawn(turned, captions(codes, factors[:JUDGED])), RESULTS / "traversals.png")
    print_table(stored("disentangling"), "sprites")


if __name__ == "__main__":
    main()
