"""Unsupervised speech representation learning using WaveNet autoencoders (Chorowski et al., 2019, arXiv:1901.08810).

    said ──► convolutions ──► nearest entries of a codebook ──► units, the sounds of a language ─┐
    voice ──► pooled over time ──► speaker ───────────────────────────────────────────────────────┴─► said

Since the decoder is told the voice, units need not hold it; since there are few, they cannot. In training some units
stand at a neighbour's place (time jitter), so that they last as long as sounds do. We depart from the paper in the
decoder, which gives mel frames and not samples, and in hearing what is said in other voices, as `adain_vc` does.
"""

from __future__ import annotations

from torch import nn

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.quantized import Quantized
from isthmus.codes.split import Split
from isthmus.codes.vector import Vector
from isthmus.distances import Laplace, Of
from isthmus.networks.speech import AdaptiveDecoder, ContentEncoder, SpeakerEncoder, SplitEncoder
from isthmus.recipes.adain_vc import AnotherVoice

__all__ = ["speech_units", "spoken_units"]


def spoken_units(
    encoder: nn.Module,
    units: Quantized,
    bands: int,
    *,
    width: int,
    style: int = 128,  # numbers of a speaker
    jitter: float = 0.12,  # paper, section IV-C
    reach: float = 1.4,
) -> AutoEncoder:
    """Return {"said", "voice"} -> {"content": units, "speaker"} -> said, for any encoder of a unit every 2 frames."""
    return AutoEncoder(
        encoder=SplitEncoder(encoder, SpeakerEncoder(bands, width, style)),
        code=Split(content=units, speaker=Vector()),
        decoder=AdaptiveDecoder(units.width, style, width, bands, doublings=1, jitter=jitter),
        distance=Of("said", Laplace(0.5, learned=True)),
        corruption=AnotherVoice(reach),
    )


def speech_units(
    bands: int = 80,
    *,
    width: int = 192,
    entries: int = 128,
    content: int = 32,  # numbers in an entry
    style: int = 128,
) -> AutoEncoder:
    """Return the auto-encoder {"said", "voice"} -> {"content": units, one every 2 frames, "speaker"} -> said."""
    encoder = ContentEncoder(bands, width, content, strides=(1, 2, 1, 1))
    return spoken_units(encoder, Quantized(entries, content), bands, width=width, style=style)
