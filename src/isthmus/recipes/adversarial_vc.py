"""Multi-target Voice Conversion without Parallel Data by Adversarially Learning Disentangled Audio Representations.

    stage 1   said ──► content ──► a classifier looks for the speaker, and is fooled
              voice ──► speaker ─┴─► said
    stage 2   content and another's speaker ──► said + residual ──► real or made? and whose voice?

(Chou, Yeh, Lee & Lee, 2018, arXiv:1804.02812.) An auto-encoder whose content a critic reads, and then a generator of
what the smooth reconstruction lacks, trained as a GAN (sections 2.2 and 2.3). We depart from the paper in that the
speaker part is read off a recording, so that it serves voices never heard in training, and in the critic's bounded
reward (see `AttributeCritic`).
"""

from __future__ import annotations

from typing import Any, cast

import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch, Code, Passage
from isthmus.codes.vector import Vector
from isthmus.critics import AttributeCritic
from isthmus.distances import Laplace, Of
from isthmus.networks.speech import AdaptiveDecoder, ContentEncoder, FrameCritic, SpeakerEncoder, SplitEncoder
from isthmus.players import Player

__all__ = ["Residual", "adversarial_vc"]


class SpeakerOfContent(nn.Module):
    """Read the speaker off the content: {"content": (batch, content, places)} -> logits (batch, speakers)."""

    def __init__(self, content: int, width: int, speakers: int) -> None:
        super().__init__()
        self.network = FrameCritic(content, width, speakers)

    def forward(self, value: Any) -> Tensor:
        """Return the logits."""
        logits: Tensor = self.network(value["content"])
        return logits


def adversarial_vc(
    bands: int = 80,
    *,
    speakers: int,
    width: int = 192,
    content: int = 32,
    style: int = 128,
    weight: float = 300.0,  # nats of distance that a nat of knowledge is worth
) -> AutoEncoder:
    """Return the auto-encoder of stage 1, with its critic."""
    critic = AttributeCritic(SpeakerOfContent(content, width, speakers), "speaker", weight=weight, turns=3)
    return AutoEncoder(
        encoder=SplitEncoder(ContentEncoder(bands, width, content), SpeakerEncoder(bands, width, style)),
        code=Vector(),
        decoder=AdaptiveDecoder(content, style, width, bands, residual=True),
        distance=Of("said", Laplace(0.5, learned=True)),
        critics={"speaker": critic},
    )


class Residual(nn.Module):
    """Stage 2: the generator of what the reconstruction lacks, against a critic of frames.

    Parameters
    ----------
    model : AutoEncoder
        Of stage 1; nothing of it but its decoder's residual moves.
    speakers, width, bands : int
    small : float
        Weight of the mean size of the residual: what is said must not change.
    """

    def __init__(
        self, model: AutoEncoder, *, speakers: int, width: int = 96, bands: int = 80, small: float = 1.0
    ) -> None:
        super().__init__()
        self.model, self.small = model.requires_grad_(False), small
        self.judge = FrameCritic(bands, width, 1 + speakers)
        self.generator: nn.Module = model.decoder.residual  # type: ignore[assignment]
        self.generator.requires_grad_(True)

    def forward(self, batch: Batch) -> Passage:
        """Say every row in the voice of the next one."""
        heard = {"said": batch.x["said"], "voice": batch.x["voice"].roll(1, 0)}
        code = self.model.code(self.model.encoder(heard))
        whose = {"speaker": batch.given["speaker"].roll(1, 0)}
        decoder = cast("AdaptiveDecoder", self.model.decoder)
        standard, residual = decoder.parts(code.value)
        assert residual is not None
        output = decoder.voiced(standard + residual, code.value["speaker"])
        free = residual.new_zeros(len(residual))
        code = Code(code.value, free, self.small * residual.abs().flatten(1).mean(1))
        return Passage(
            Batch({"said": batch.x["said"]}, {**batch.given, **whose, "own": batch.given["speaker"]}),
            code,
            output,
            free,
        )

    def players(self) -> list[Player]:
        """Return the generator and the critic: real or made, and whose voice."""
        return [
            Player("model", list(self.generator.parameters()), self._make),
            Player("judge", list(self.judge.parameters()), lambda passage: self._tell(passage.detached())),
        ]

    def _make(self, passage: Passage) -> Tensor:
        seen = self.judge(passage.output)
        return (
            passage.code.penalty.mean()
            - seen[:, 0].mean()
            + F.cross_entropy(seen[:, 1:], passage.batch.given["speaker"])
        )

    def _tell(self, passage: Passage) -> Tensor:
        real, made = self.judge(passage.batch.x["said"]), self.judge(passage.output)
        hinge = F.relu(1 - real[:, 0]).mean() + F.relu(1 + made[:, 0]).mean()
        return hinge + F.cross_entropy(real[:, 1:], passage.batch.given["own"])
