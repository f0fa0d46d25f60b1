"""Vocos: closing the gap between time-domain and Fourier-based neural vocoders (Siuzdak, 2023, arXiv:2306.00814).

    samples ──► log-mel (fixed) ──► frames ──► amplitudes and phases ──► samples
                                                        └─ real or made? at three resolutions

An auto-encoder whose encoder is known beforehand: what it leaves out, the phases, the decoder has to find. We depart
from the paper in size, in critics of spectra alone, and in the squares that bound what a critic pays (LSGAN).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Passage
from isthmus.codes.vector import Vector
from isthmus.critics import Critic
from isthmus.distances import Distance
from isthmus.networks.mel import LogMel
from isthmus.networks.vocoder import SpectrogramCritic, Vocoder, spectrum

__all__ = ["RealOrMade", "Spectra", "vocoder"]


class Spectra(Distance):
    """How far the spectra of two sounds are apart, at several resolutions: a Laplace law of log amplitudes.

    Parameters
    ----------
    windows : sequence of int
        Samples in a frame.
    scale : float
        Mean absolute deviation, nats of amplitude.
    """

    def __init__(self, windows: Sequence[int] = (256, 512, 1024), scale: float = 0.5) -> None:
        super().__init__()
        self.windows, self.scale = tuple(windows), scale

    def places(self, output: Tensor, x: Tensor) -> Tensor:
        """(batch, samples), (batch, samples) -> (batch, places) nats."""
        found = []
        for window in self.windows:
            made, real = (spectrum(sound, window) for sound in (output, x))
            logs = ((made + 1e-3).log() - (real + 1e-3).log()).abs()
            found.append(((logs + (made - real).abs()) / self.scale).flatten(1))
        return torch.cat(found, 1)

    def expected(self, output: Tensor) -> Tensor:
        """Return the sound itself."""
        return output


class RealOrMade(Critic):
    """Tell real sound from made sound at several resolutions (least squares, Mao et al., 2017, arXiv:1611.04076).

    Parameters
    ----------
    windows : sequence of int
    weight, alike : float
        Nats for being told, and for a mean absolute difference of 1 in what the critics' layers see.
    """

    def __init__(
        self, windows: Sequence[int] = (256, 512, 1024), *, weight: float = 300.0, alike: float = 600.0
    ) -> None:
        super().__init__()
        self.networks = nn.ModuleList(SpectrogramCritic(window) for window in windows)
        self.weight, self.alike = weight, alike

    def judge(self, passage: Passage) -> Tensor:
        """Squared distance from 1 for real, from 0 for made sound."""
        loss = passage.output.new_zeros(())
        for network in self.networks:
            real, made = network(passage.batch.x)[-1], network(passage.output)[-1]
            loss = loss + (1 - real).square().mean() + made.square().mean()
        return loss

    def fool(self, passage: Passage) -> Tensor:
        """-> (batch,) nats."""
        cost = passage.output.new_zeros(len(passage.output))
        for network in self.networks:
            made = network(passage.output)
            with torch.no_grad():
                real = network(passage.batch.x)
            cost = cost + self.weight * (1 - made[-1]).square().flatten(1).mean(1)
            for one, other in zip(made[:-1], real[:-1], strict=True):
                cost = cost + self.alike * (one - other).abs().flatten(1).mean(1) / len(made)
        return cost


def vocoder(front: LogMel | None = None, *, width: int = 128, blocks: int = 6, adversarial: bool = True) -> AutoEncoder:
    """Return the auto-encoder samples -> mel -> samples; crops must be a multiple of the front end's hop."""
    front = front or LogMel()
    return AutoEncoder(
        encoder=front,
        code=Vector(),
        decoder=Vocoder(front.bands, width, blocks=blocks, window=front.window, hop=front.hop),
        distance=Spectra(),
        critics={"real": RealOrMade()} if adversarial else None,
    )
