"""Training a VAE beside pythae, the same network, data, batch and threads, in turn: python benchmarks/training_speed.py

Prints samples a second and the ratio, for our float32 and for the precision our tasks choose by themselves. pythae is
in benchmarks/requirements.txt. Both sides train for one short epoch to warm up, then in turn; medians.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import time

import numpy as np
import torch

from common import DATA, print_table, save
from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.gaussian import Gaussian
from isthmus.distances import Bernoulli
from isthmus.networks.conv import ConvDecoder, ConvEncoder
from isthmus.training.loop import train
from isthmus.training.settings import Settings, usual_precision

LATENT, SHAPE, BATCH = 16, (1, 28, 28), 128


def ours(x: torch.Tensor, precision: str) -> None:
    model = AutoEncoder(
        encoder=ConvEncoder(SHAPE, 2 * LATENT, width=16),
        code=Gaussian(LATENT),
        decoder=ConvDecoder(LATENT, SHAPE, width=16),
        distance=Bernoulli(),
    )
    settings = Settings(steps=len(x) // BATCH, batch_size=BATCH, learning_rate=1e-3, clip=None, precision=precision)
    train(model, Batch(x), settings=settings)


def theirs(x: torch.Tensor, folder: str) -> None:
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = ConvEncoder(SHAPE, 2 * LATENT, width=16)

        def forward(self, x):
            mean, log_variance = self.net(x).chunk(2, 1)
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = ConvDecoder(LATENT, SHAPE, width=16)

        def forward(self, z):
            return ModelOutput(reconstruction=self.net(z).sigmoid())

    config = VAEConfig(input_dim=SHAPE, latent_dim=LATENT, reconstruction_loss="bce")
    model = VAE(config, encoder=Encoder(), decoder=Decoder())
    from pythae.data.datasets import BaseDataset

    trainer = BaseTrainer(
        model=model,
        train_dataset=BaseDataset(x, torch.zeros(len(x))),
        training_config=BaseTrainerConfig(
            output_dir=folder, num_epochs=1, per_device_train_batch_size=BATCH, learning_rate=1e-3, no_cuda=True
        ),
    )
    trainer.train()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=9600)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    with np.load(DATA / "mnist" / "mnist.npz") as data:
        x = torch.from_numpy(data["x_train"][: options.samples]).float().div(255)[:, None]
    sides = {
        "pythae": lambda part: theirs(part, tempfile.mkdtemp()),
        "Isthmus, float32": lambda part: ours(part, "float32"),
        f"Isthmus, {usual_precision()} (what its tasks choose here)": lambda part: ours(part, usual_precision()),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(options.rounds + 1):
        for name, side in sides.items():
            began = time.perf_counter()
            side(x if number else x[: 10 * BATCH])
            if number:
                seconds[name].append(time.perf_counter() - began)
    peer = statistics.median(seconds["pythae"])
    rows = [
        {"side": name, "samples a second": len(x) / statistics.median(times), "ratio": peer / statistics.median(times)}
        for name, times in seconds.items()
    ]
    print_table(rows, "Training a convolutional VAE, one thread")
    save("training_speed", rows)


if __name__ == "__main__":
    main()
