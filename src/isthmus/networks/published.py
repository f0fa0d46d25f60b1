"""Front ends of published vocoders: each must see the very frames that it was trained on."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.networks.mel_bank import mel_bank

__all__ = ["PublishedMel"]


class PublishedMel(nn.Module):
    """Samples as the logarithms of amplitudes in mel bands.

    Parameters
    ----------
    rate, bands, window, hop : int
        Samples a second, how many bands, samples in a frame and between frames.
    lowest, highest : float
        Hz.
    slaney : bool
        Which bands; see `mel_bank`.
    around : int
        Samples that are mirrored at either end before the first and after the last frame.
    within, floor : float
        Added to the power of a bin; least amplitude of a band.
    """

    hann: Tensor
    bank: Tensor

    def __init__(
        self, rate: int, bands: int, window: int, hop: int, *, lowest: float = 0.0, highest: float | None = None,
        slaney: bool = False, around: int, within: float = 0.0, floor: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self.rate, self.hop = rate, hop
        self.window, self.around, self.within, self.floor = window, around, within, floor
        self.register_buffer("hann", torch.hann_window(window), persistent=False)
        bank = mel_bank(rate, bands, window, lowest=lowest, highest=highest, slaney=slaney)
        self.register_buffer("bank", bank, persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """(batch, samples) -> (batch, bands, frames), nats of amplitude."""
        padded = F.pad(samples, (0, max(0, self.window - samples.shape[1])))
        padded = F.pad(padded[:, None], (self.around, self.around), mode="reflect")[:, 0]
        bins = torch.stft(padded, self.window, self.hop, window=self.hann, center=False, return_complex=True)
        amplitude = (bins.real.square() + bins.imag.square() + self.within).sqrt()
        return (self.bank @ amplitude).clamp(min=self.floor).log()
