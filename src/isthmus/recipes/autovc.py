"""AutoVC: Zero-Shot Voice Style Transfer with Only Autoencoder Loss (Qian et al., 2019, arXiv:1905.05879).

    said ──► few numbers, few times a second ──► content ─┐
    voice ──► trained beforehand, then fixed ──► speaker ──┴─► said, and its content is what it was

No adversary and no norm: the bottleneck is so narrow that what the speaker part tells already does not fit through it.
Too wide, and the source's voice passes; too narrow, and the words do not. `content` and `strides` are that width. We
depart from the paper in the networks, which all our voices share, and in reading the voice off another recording; the
content-consistency term is the paper's (equation 7). The warm start of the speaker part is `recipes.speakers` (in the
paper: GE2E).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Passage
from isthmus.codes.vector import Vector
from isthmus.critics import Critic
from isthmus.distances import Laplace, Of
from isthmus.networks.speech import AdaptiveDecoder, ContentEncoder, SpeakerEncoder, SplitEncoder

__all__ = ["ContentConsistency", "autovc"]


class ContentConsistency(Critic):
    """What comes out says what went in: the content of both is the same (equation 7). It learns nothing itself.

    Parameters
    ----------
    content : function, mel -> content
        The model's own encoder.
    expected : function, output -> {"said": mel}
    weight : float
        Nats for a mean absolute difference of 1.
    """

    def __init__(
        self, content: Callable[[Tensor], Tensor], expected: Callable[[Tensor], dict[str, Tensor]], *, weight: float
    ) -> None:
        super().__init__()
        self.parts = (content, expected)  # in a tuple, so that the encoder does not become a part of this critic
        self.weight = weight

    def fool(self, passage: Passage) -> Tensor:
        """-> (batch,) nats."""
        content, expected = self.parts
        again = content(expected(passage.output)["said"])
        return self.weight * (again - passage.code.value["content"]).abs().flatten(1).mean(1)


def autovc(
    bands: int = 80,
    *,
    width: int = 192,
    content: int = 8,  # numbers every 8 frames (100 ms)
    style: int = 128,
    consistency: float = 1000.0,  # nats; the distance is a sum over some thousand places, the paper's a mean
) -> AutoEncoder:
    """Return the auto-encoder of a split code, whose speaker encoder is to be learned beforehand."""
    encoder = ContentEncoder(bands, width, content, strides=(2, 2, 2, 1), normed=False)
    distance = Of("said", Laplace(0.5, learned=True))
    return AutoEncoder(
        encoder=SplitEncoder(encoder, SpeakerEncoder(bands, width, style)),
        code=Vector(),
        decoder=AdaptiveDecoder(content, style, width, bands, doublings=3),
        distance=distance,
        critics={"consistency": ContentConsistency(encoder, distance.expected, weight=consistency)},
    )
