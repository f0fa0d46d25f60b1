"""One-shot Voice Conversion by Separating Speaker and Content Representations with Instance Normalization.

    said ──► instance norms take the voice away ──► content ─┐
    voice ──► pooled over time ──► speaker ───────────────────┴─► adaptive instance norms put it back ──► said

(Chou, Yeh & Lee, 2019, arXiv:1904.05742.) Swap the speaker part and the voice changes, also to one never heard in
training. We depart from the paper in four ways. The voice is read off another recording of the same speaker, so that
the speaker part cannot hold what is said. What is said is heard in training as another voice would say it, in another
room, and is to be restored as it was: a denoising auto-encoder, whose noise is the voice. The recording's own mean and
deviation of each band are part of the speaker, put back last, which carries to unseen voices. And the content is a
plain vector: the paper draws it from a Gaussian and prices its size (KL divergence), which here a last norm bounds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.vector import Vector
from isthmus.corruptions import Corruption
from isthmus.distances import Laplace, Of
from isthmus.networks.speech import AdaptiveDecoder, ContentEncoder, SpeakerEncoder, SplitEncoder
from isthmus.networks.voices import another_room, another_voice

__all__ = ["AnotherVoice", "NewVoices", "adain_vc"]


class AnotherVoice(Corruption):
    """Let another voice in another room say what is said; the target stays as it was.

    Parameters
    ----------
    reach : float
        Greatest factor by which frequencies rise or fall.
    room : float
        Deviation of the room's curve, nats.
    """

    def __init__(self, reach: float = 1.4, room: float = 0.5) -> None:
        super().__init__()
        self.reach, self.room = reach, room

    def forward(self, x: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], None]:
        """Return the group with "said" in another voice; every place counts."""
        said = another_room(another_voice(x["said"], _factors(x["said"], self.reach)), self.room)
        return {**x, "said": said}, None


class NewVoices:
    """A view that makes more speakers of few: both recordings of a row become those of one other voice in one room."""

    def __init__(self, reach: float = 1.3, room: float = 0.5) -> None:
        self.reach, self.room = reach, room

    def __call__(self, x: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the group in other voices, a row each."""
        factor = _factors(x["said"], self.reach)
        both = torch.cat([another_voice(x[name], factor) for name in ("said", "voice")], 2)
        said, voice = another_room(both, self.room).split([x["said"].shape[2], x["voice"].shape[2]], 2)
        return {"said": said, "voice": voice}


def adain_vc(
    bands: int = 80,
    *,
    width: int = 192,
    content: int = 32,  # numbers every 4 frames: narrow enough that no voice passes
    style: int = 128,
    reach: float = 1.4,
) -> AutoEncoder:
    """Return the auto-encoder of a split code: {"said", "voice"} -> {"content", "speaker"} -> said."""
    return AutoEncoder(
        encoder=SplitEncoder(ContentEncoder(bands, width, content), SpeakerEncoder(bands, width, style)),
        code=Vector(),
        decoder=AdaptiveDecoder(content, style, width, bands),
        distance=Of("said", Laplace(0.5, learned=True)),
        corruption=AnotherVoice(reach),
    )


def _factors(x: Tensor, reach: float) -> Tensor:
    """Draw factors, log-uniform between 1 / reach and reach, (batch,)."""
    spread = math.log(reach)
    return ((2 * torch.rand(len(x), device=x.device) - 1) * spread).exp()
