"""MNIST through 30 numbers: Hinton & Salakhutdinov's warm start against none: python benchmarks/hinton2006.py

Prints the squared error a test picture (pixels in [0, 1]) against epochs, and draws all curves in one figure. The
paper has 3.00 for its network, 13.87 for PCA.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from torch import Tensor, nn

from common import DATA, RESULTS, print_table, save, stored
from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.distances import Normal
from isthmus.recipes import stacked
from isthmus.recipes.hinton2006 import deep, pretrain
from isthmus.training.loop import train
from isthmus.training.samples import InMemory, Viewed
from isthmus.training.settings import Settings, usual_precision
from isthmus.views import Shifts

LOOKS = 20  # points of a curve


class Watched(nn.Module):
    """A model whose evaluation is the plain squared error of flat test pictures."""

    def __init__(self, model: AutoEncoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch):
        return self.model(Batch(batch.x.flatten(1)))

    def players(self):
        return self.model.players()

    def description_length(self, batch: Batch) -> Tensor:
        x = batch.x.flatten(1)
        return (self.model.reconstruct(Batch(x)) - x).square().sum(1)


def draw(curves: dict[str, list[tuple[float, float]]]) -> None:
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for name, points in curves.items():
        axes.plot(*zip(*points, strict=True), label=name)
    axes.axhline(3.0, color="grey", linestyle=":", label="the paper, 3.00")
    axes.set(xlabel="epochs", ylabel="squared error a test picture", ylim=(2, 60), yscale="log")
    axes.set_yticks([2, 3, 5, 10, 20, 50], ["2", "3", "5", "10", "20", "50"], minor=False)
    axes.minorticks_off()
    figure.legend(loc="outside upper center", ncols=2)
    figure.savefig(RESULTS / "hinton2006.png", dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--warm-epochs", type=int, default=10)
    parser.add_argument("--only", help="numbers of networks, as 0,1; the others' stored results are kept")
    options = parser.parse_args()
    with np.load(DATA / "mnist" / "mnist.npz") as data:
        x, unseen = (torch.from_numpy(data[key]).float().div(255)[:, None] for key in ("x_train", "x_test"))
    flat = unseen.flatten(1).numpy()
    pca = PCA(30).fit(x.flatten(1).numpy())
    linear = float(((pca.inverse_transform(pca.transform(flat)) - flat) ** 2).sum(1).mean())
    rows, curves = [{"network": "PCA", "squared error": linear, "minutes": 0.0}], {}

    squared = Normal(0.5**0.5, bounded=True)
    kinds = {
        "warm start, the paper's sigmoid units": deep(activation=nn.Sigmoid, distance=squared),
        "no warm start, sigmoid units": deep(activation=nn.Sigmoid, distance=squared),
        "no warm start, SiLU": deep(distance=squared),
        "no warm start, SiLU, wider, shifted by a pixel": deep((784, 1500, 1000, 500, 30), distance=squared),
        "denoising layers first, sigmoid units": deep(activation=nn.Sigmoid, distance=squared),
    }
    chosen = range(len(kinds)) if options.only is None else [int(number) for number in options.only.split(",")]
    before = stored("hinton2006") if options.only else None
    if before:
        rows, curves = before["rows"], before["curves"]
    for name, model in [pair for number, pair in enumerate(kinds.items()) if number in chosen]:
        rows = [row for row in rows if row["network"] != name]
        torch.manual_seed(0)
        began = time.perf_counter()
        if name.startswith("warm"):
            pretrain(model, x.flatten(1), epochs=options.warm_epochs)
        if name.startswith("denoising"):
            steps = options.warm_epochs * len(x) // 128
            stacked.pretrain(model, x.flatten(1), settings=Settings(steps=steps, batch_size=128, threads=1))
        shown = Viewed(InMemory(Batch(x)), Shifts(1)) if "shifted" in name else Batch(x)
        steps = options.epochs * len(x) // 256
        settings = Settings(
            steps=steps, batch_size=256, learning_rate=1e-3, warmup=200, precision=usual_precision(),
            evaluate_every=steps // LOOKS, clip=None,
        )  # fmt: skip
        history = train(Watched(model), shown, validation=Batch(unseen), settings=settings)
        curves[name] = [(point.step * 256 / len(x), point.validation) for point in history.points]
        minutes = (time.perf_counter() - began) / 60
        rows.append({"network": name, "squared error": curves[name][-1][1], "minutes": minutes})
        print(rows[-1], flush=True)
    print_table(rows, "Squared error a test picture, 30 numbers, the last epoch")
    save("hinton2006", {"rows": rows, "curves": curves})
    draw(curves)


if __name__ == "__main__":
    main()
