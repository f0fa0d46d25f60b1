"""In defence of metric learning for speaker recognition (Chung et al., 2020, arXiv:2003.11982): angular prototypes.

    one recording ──► style ─┐
    another       ──► style ─┴─ nearest to each other, among all speakers of the batch

An embedding of voices, since none can be downloaded: what `autovc` is warm-started with, and what tells how like two
voices are. The model owns its few lines instead of being an `AutoEncoder`: nothing is restored.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.code import Batch, Code, Passage
from isthmus.networks.speech import SpeakerEncoder
from isthmus.players import Player

__all__ = ["Speakers"]


class Speakers(nn.Module):
    """Tell speakers apart by the angle between their styles.

    Parameters
    ----------
    encoder : SpeakerEncoder
    """

    def __init__(self, encoder: SpeakerEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.scale, self.shift = nn.Parameter(torch.tensor(10.0)), nn.Parameter(torch.tensor(-5.0))  # section 2.4

    def forward(self, batch: Batch) -> Passage:
        """Price which of the batch's speakers the other recording is by; the same speaker twice is no mistake."""
        one, other = (F.normalize(self.encoder(batch.x[name])["style"].float(), dim=1) for name in ("said", "voice"))
        likeness = self.scale.clamp(min=1e-3) * (one @ other.T) + self.shift
        speaker = batch.given["speaker"]
        again = (speaker[:, None] == speaker) & ~torch.eye(len(speaker), dtype=torch.bool, device=speaker.device)
        nats = F.cross_entropy(
            likeness.masked_fill(again, -torch.inf), torch.arange(len(speaker), device=speaker.device), reduction="none"
        )
        free = torch.zeros_like(nats)
        return Passage(batch, Code(one, free, free), likeness, nats)

    def players(self) -> list[Player]:
        """Return the one player."""
        return [Player("model", list(self.parameters()), lambda passage: passage.distance.mean())]

    @staticmethod
    def likeness(one: Tensor, other: Tensor) -> Tensor:
        """Return the cosine of the angle between styles, (..., style), (..., style) -> (...)."""
        return F.cosine_similarity(one, other, dim=-1)
