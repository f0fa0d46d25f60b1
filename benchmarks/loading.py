"""Is reading pictures the bottleneck? python benchmarks/loading.py [--steps 60]

Steps of a convolutional auto-encoder of pictures at 64 × 64, batches of 64: on one batch again and again (no loader),
on pictures in memory, and on a folder of JPEG photos that are decoded and resized as they are needed. Prints the
milliseconds a step and their ratio to the first, the ways in turn, medians of three rounds; and what share of a step
is matrix work, by torch's profiler.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterable, Iterator

import torch
from torch.profiler import ProfilerActivity, profile

from common import DATA, print_table, save
from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.kinds import picture_files
from isthmus.kinds.images import Frame, Pictures
from isthmus.recipes.vae import vae
from isthmus.training.loop import train
from isthmus.training.samples import Samples
from isthmus.training.settings import Settings, usual_precision

SIDE, BATCH = 64, 64
MATRIX = ("conv", "mm", "linear", "mkldnn")


class Again:
    """The same batch, whatever is asked for."""

    def __init__(self, samples: Samples) -> None:
        self.count = len(samples)
        self.batch = next(iter(samples.take([torch.arange(BATCH)])))

    def __len__(self) -> int:
        return self.count

    def take(self, chunks: Iterable[torch.Tensor]) -> Iterator[Batch]:
        for _ in chunks:
            yield self.batch


def model() -> AutoEncoder:
    torch.manual_seed(0)
    return vae((3, SIDE, SIDE), width=32)


def milliseconds(samples: Samples, steps: int) -> float:
    settings = Settings(steps=steps, batch_size=BATCH, precision=usual_precision())
    began = time.perf_counter()
    train(model(), samples, settings=settings)
    return (time.perf_counter() - began) * 1000 / steps


def matrix_share(samples: Samples) -> float:
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        train(model(), samples, settings=Settings(steps=10, batch_size=BATCH, precision=usual_precision()))
    spent = {row.key: row.self_cpu_time_total for row in seen.key_averages()}
    return sum(time for name, time in spent.items() if any(part in name for part in MATRIX)) / sum(spent.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    frame = Frame(SIDE, SIDE, 3)
    names = [str(path) for path in picture_files.find(DATA / "bsds" / "train")]
    folder = Pictures(frame, names)
    held = Pictures(frame, names, (folder.all() * 255).byte())
    ways: dict[str, Samples] = {"one batch again and again": Again(held), "in memory": held, "from the folder": folder}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(4):
        for name, samples in ways.items():
            found = milliseconds(samples, options.steps if number else 5)
            if number:
                taken[name].append(found)
    middle = {name: statistics.median(found) for name, found in taken.items()}
    first = middle["one batch again and again"]
    rows = [{"samples": name, "ms a step": found, "ratio": found / first} for name, found in middle.items()]
    print_table(rows, f"steps of {BATCH} pictures of {SIDE} × {SIDE}, {torch.get_num_threads()} threads")
    share = matrix_share(ways["one batch again and again"])
    print(f"matrix work: {share:.0%} of a step")
    save("loading", {"steps": rows, "matrix work": share})


if __name__ == "__main__":
    main()
