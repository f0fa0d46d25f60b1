"""The training loop against a bare hand-written one and one fed by a DataLoader: python benchmarks/loop.py

The same small network, batch, optimiser and steps, one thread, in turn.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from common import print_table, save
from isthmus.code import Batch
from isthmus.recipes.denoising import denoising
from isthmus.training.loop import train
from isthmus.training.settings import Settings

STEPS, SIZE, ROUNDS = 2000, 128, 5


def make():
    torch.manual_seed(0)
    return denoising(30, width=64)


def ours(x) -> None:
    train(make(), Batch(x), settings=Settings(steps=STEPS, batch_size=SIZE, threads=1, clip=None, schedule="constant"))


def by_hand(x, batches) -> None:
    model = make()
    encoder, decoder = model.encoder, model.decoder
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.0, fused=True)
    for step, clean in enumerate(batches(x)):
        if step == STEPS:
            break
        deviation = (torch.rand(len(clean), 1) * np.log(20) + np.log(0.05)).exp()
        restored = decoder(encoder(clean + torch.randn_like(clean) * deviation))
        loss = 0.5 * (restored - clean).square().sum(1).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()


def slices(x):
    while True:
        for index in torch.randperm(len(x)).split(SIZE)[:-1]:
            yield x[index]


def loaded(x):
    loader = DataLoader(TensorDataset(x), SIZE, shuffle=True, drop_last=True)
    while True:
        for (clean,) in loader:
            yield clean


def main() -> None:
    torch.set_num_threads(1)
    x = torch.randn(5000, 30)
    ways = {
        "Isthmus": lambda: ours(x),
        "by hand": lambda: by_hand(x, slices),
        "by hand, DataLoader": lambda: by_hand(x, loaded),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()  # warm
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - began)
    rows = [
        {"loop": name, "steps/s": STEPS / float(np.median(times)),
         "speed relative to by hand": float(np.median(np.array(seconds["by hand"]) / np.array(times)))}
        for name, times in seconds.items()
    ]  # fmt: skip
    print_table(rows, f"{STEPS} steps of {SIZE} rows, median of {ROUNDS}")
    save("loop", rows)


if __name__ == "__main__":
    main()
