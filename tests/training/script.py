"""A training run to kill, resume and spread: python -m tests.training.script OUT CHECKPOINT [STEPS].

It has all that must survive: a critic, dropout, noise, batch norm, best weights by a validation part.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.gaussian import Gaussian
from isthmus.corruptions import GaussianNoise
from isthmus.critics import AttributeCritic
from isthmus.distances import Normal
from isthmus.training.loop import train
from isthmus.training.settings import Settings


class Reader(nn.Linear):
    def forward(self, value, given):
        return super().forward(value)


def model() -> AutoEncoder:
    torch.manual_seed(0)
    return AutoEncoder(
        encoder=nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 6)),
        code=Gaussian(3),
        decoder=Reader(3, 6),
        distance=Normal(),
        corruption=GaussianNoise(0.1, 0.5),
        critics={"side": AttributeCritic(nn.Linear(3, 2), "side", turns=2)},
    )


def main(out: str, checkpoint: str | None, steps: int = 1500) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(400, 6, generator=generator)
    batch = Batch(x, {"side": (x[:, 0] > 0).long()})
    trained = model()
    settings = Settings(
        steps=steps, batch_size=32, threads=1, evaluate_every=50, checkpoint=checkpoint, checkpoint_every=0.05, seed=3
    )
    history = train(trained, batch.rows(slice(100, None)), validation=batch.rows(slice(100)), settings=settings)
    about = {"best": torch.tensor(history.best), "steps": torch.tensor(history.steps)}
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    number = os.environ.get("RANK", "0")  # torchrun's
    save_file(dict(trained.state_dict()) | about, out if number == "0" else f"{out}.{number}")


if __name__ == "__main__":
    where, frozen, *rest = sys.argv[1:]
    main(where, None if frozen == "-" else frozen, *map(int, rest))
