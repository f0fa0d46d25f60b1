"""Our networks inside pythae's models, so that a benchmark compares two libraries and not two networks."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("TQDM_DISABLE", "1")  # its bars would bury the table

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VQVAE, VAEConfig, VQVAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.samplers import GaussianMixtureSampler, NormalSampler
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import nn

__all__ = ["drawn", "trained", "vae", "vqvae"]


class Encoder(BaseEncoder):
    """Features to an embedding, or to the mean and log variance of one."""

    def __init__(self, network: nn.Module, *, halves: bool) -> None:
        super().__init__()
        self.network, self.halves = network, halves

    def forward(self, x: torch.Tensor) -> ModelOutput:
        features = self.network(x)
        if not self.halves:
            return ModelOutput(embedding=features)
        mean, log_variance = features.chunk(2, 1)
        return ModelOutput(embedding=mean, log_covariance=log_variance)


class Decoder(BaseDecoder):
    def __init__(self, network: nn.Module, *, bounded: bool) -> None:
        super().__init__()
        self.network, self.bounded = network, bounded

    def forward(self, z: torch.Tensor) -> ModelOutput:
        output = self.network(z)
        return ModelOutput(reconstruction=output.sigmoid() if self.bounded else output)


def vae(encoder: nn.Module, decoder: nn.Module, *, shape: tuple[int, ...], latent: int) -> VAE:
    config = VAEConfig(input_dim=shape, latent_dim=latent, reconstruction_loss="bce")
    return VAE(config, encoder=Encoder(encoder, halves=True), decoder=Decoder(decoder, bounded=True))


def vqvae(encoder: nn.Module, decoder: nn.Module, *, shape: tuple[int, ...], entries: int, width: int) -> VQVAE:
    config = VQVAEConfig(
        input_dim=shape, latent_dim=width, num_embeddings=entries, use_ema=True, decay=0.99,
        commitment_loss_factor=0.25,
    )  # fmt: skip
    return VQVAE(config, encoder=Encoder(encoder, halves=False), decoder=Decoder(decoder, bounded=False))


def trained(model: VAE | VQVAE, x: torch.Tensor, *, epochs: int, batch_size: int, learning_rate: float) -> VAE | VQVAE:
    """Train as pythae does, on one processor."""
    config = BaseTrainerConfig(
        output_dir=tempfile.mkdtemp(), num_epochs=epochs, per_device_train_batch_size=batch_size,
        learning_rate=learning_rate, no_cuda=True,
    )  # fmt: skip
    BaseTrainer(model=model, train_dataset=BaseDataset(x, torch.zeros(len(x))), training_config=config).train()
    return model


def drawn(model: VAE, x: torch.Tensor, count: int, *, mixture: bool) -> torch.Tensor:
    """Return samples of one of its samplers, as it comes."""
    model.eval()
    sampler = (GaussianMixtureSampler if mixture else NormalSampler)(model)
    if mixture:
        sampler.fit(x)
    return sampler.sample(num_samples=count, return_gen=True).cpu()
