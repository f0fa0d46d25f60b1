"""The log-mel front end, as part of a model, and the way back to sound by Griffin-Lim.

samples ──► short-time spectrum ──► mel bands ──► logarithm
   ▲                                    │
   └── phases that fit each other ◄── spectrum of least error, not negative
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.networks.mel_bank import mel_bank

__all__ = ["LogMel"]

FLOOR = 1e-5  # of a band's amplitude at full scale: -100 dB
REFINED = 30  # multiplicative steps towards the spectrum that the bands came from
ROUNDS, MOMENTUM = 32, 0.99  # of the fast Griffin-Lim algorithm
LOUD = 3.0  # nats below the loudest frame (26 dB) at which a frame counts half as speech


class LogMel(nn.Module):
    """Samples as the logarithms of the amplitudes in mel bands, and back.

    Parameters
    ----------
    rate : int
        Samples a second.
    bands : int
    window, hop : int
        Samples in a frame, and between frames.
    highest : float
        Hz; the lowest is 0.
    """

    hann: Tensor
    bank: Tensor
    back: Tensor

    def __init__(
        self, rate: int = 16_000, *, bands: int = 80, window: int = 1024, hop: int = 200, highest: float = 8000.0
    ) -> None:
        super().__init__()
        self.rate, self.bands, self.window, self.hop = rate, bands, window, hop
        bank = mel_bank(rate, bands, window, highest=highest)
        self.register_buffer("hann", torch.hann_window(window), persistent=False)
        self.register_buffer("bank", bank, persistent=False)
        self.register_buffer("back", torch.linalg.pinv(bank), persistent=False)

    def frames(self, samples: int) -> int:
        """Return how many frames so many samples give."""
        return samples // self.hop + 1

    def forward(self, samples: Tensor) -> Tensor:
        """(batch, samples) -> (batch, bands, frames), nats of amplitude."""
        return (self.bank @ self._spectrum(samples).abs()).clamp(min=FLOOR).log()

    def invert(self, mel: Tensor, *, rounds: int = ROUNDS, like: Tensor | None = None) -> Tensor:
        """Return samples whose mel bands these are, (batch, bands, frames) -> (batch, samples).

        The fast Griffin-Lim algorithm (Perraudin, Balazs & Søndergaard, 2013): phases are those of the spectrum
        that the samples themselves have, with momentum.

        Parameters
        ----------
        mel : tensor
        rounds : int
        like : tensor (batch, samples), optional
            Sound whose phases to start from; by default those of chance, the same every time. (From a steady tone in
            every bin it takes twice the rounds to lose the tone.)
        """
        amplitude = self.amplitude(mel)
        if like is None:
            chance = torch.Generator(mel.device).manual_seed(0)
            start = 2 * torch.pi * torch.rand(amplitude.shape[1:], generator=chance, device=mel.device)
            start = start.expand_as(amplitude)
        else:
            start = self._spectrum(like)[..., : mel.shape[2]].angle()
        phase, before = torch.polar(torch.ones_like(amplitude), start), torch.zeros_like(amplitude)
        for _ in range(rounds):
            rebuilt = self._spectrum(self._samples(amplitude * phase))
            ahead = rebuilt + MOMENTUM * (rebuilt - before)
            before = rebuilt
            phase = ahead / ahead.abs().clamp(min=1e-12)
        return self._samples(amplitude * phase)

    def amplitude(self, mel: Tensor) -> Tensor:
        """Return the spectrum that explains mel bands, (batch, bands, frames) -> (batch, bins, frames).

        The least-squares solution, refined by multiplicative steps (Lee & Seung, 2001), which keep it positive.
        """
        bands = mel.exp()
        spectrum = (self.back @ bands).clamp(min=1e-8)
        wanted = self.bank.T @ bands
        for _ in range(REFINED):
            spectrum = spectrum * wanted / (self.bank.T @ (self.bank @ spectrum) + 1e-9)
        return spectrum

    def _spectrum(self, samples: Tensor) -> Tensor:
        padded = F.pad(samples, (0, max(0, self.window - samples.shape[1])))
        return torch.stft(
            padded, self.window, self.hop, window=self.hann, center=True, pad_mode="constant", return_complex=True
        )

    def _samples(self, spectrum: Tensor) -> Tensor:
        return torch.istft(spectrum, self.window, self.hop, window=self.hann, center=True)


def speech_weights(mel: Tensor) -> Tensor:
    """Return how much each frame counts as speech by its loudness, (batch, bands, frames) -> (batch, 1, frames)."""
    loudness = mel.logsumexp(1, keepdim=True)
    return torch.sigmoid(2 * (loudness - loudness.amax(2, keepdim=True) + LOUD))
