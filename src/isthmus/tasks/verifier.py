"""How like two voices are, and how far that can be trusted: an embedding of speakers with its equal error rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import roc_curve
from torch import Tensor

from isthmus.networks.speech import SpeakerEncoder
from isthmus.recipes.speakers import Speakers
from isthmus.training.threads import one_thread

__all__ = ["equal_error_rate", "held_out_speakers", "likeness", "style_of"]

PIECE = 160  # frames: long recordings are compared in pieces of 2 seconds
HELD_OUT = 6  # every so manieth speaker is kept for the error rate
LEAST_HEARD = 5  # speakers in several recordings, for an error rate
ENOUGH = 12  # speakers, from which on some are kept


def held_out_speakers(speakers: Sequence[int]) -> set[int]:
    """Return the speakers that the error rate is measured on; none where there are few."""
    known = sorted(set(speakers))
    return set(known[::HELD_OUT]) if len(known) >= ENOUGH else set()


def style_of(encoder: SpeakerEncoder, mel: Tensor) -> Tensor:
    """Return the style of a recording, (bands, frames) -> (style,)."""
    with one_thread(), torch.inference_mode():
        style: Tensor = encoder(mel[None])["style"][0]
    return style


def likeness(one: Tensor, other: Tensor) -> float:
    """Return how like two styles are, from -1 to 1."""
    return float(Speakers.likeness(one, other))


def equal_error_rate(encoder: SpeakerEncoder, mels: Sequence[Tensor], speakers: Sequence[int]) -> float | None:
    """Return the share of pairs misjudged at the likeness where both mistakes are equally frequent.

    Pieces of one recording share its room, too, and are no pair. None where fewer than five speakers are heard in
    several recordings: a rate of so few would tell nothing.
    """
    styles, who, where = [], [], []
    for take, (mel, speaker) in enumerate(zip(mels, speakers, strict=True)):
        for piece in mel.split(PIECE, 1) if mel.shape[1] >= 2 * PIECE else [mel]:
            if piece.shape[1] >= min(PIECE, mel.shape[1]):
                styles.append(style_of(encoder, piece))
                who.append(speaker)
                where.append(take)
    heard: dict[int, set[int]] = {}
    for speaker, take in zip(who, where, strict=True):
        heard.setdefault(speaker, set()).add(take)
    if sum(len(takes) > 1 for takes in heard.values()) < LEAST_HEARD:
        return None
    matrix = F.normalize(torch.stack(styles), dim=1)
    alike = (matrix @ matrix.T).numpy()
    first, second = np.triu_indices(len(who), 1)
    apart = np.array(where)[first] != np.array(where)[second]
    first, second = first[apart], second[apart]
    same = np.array(who)[first] == np.array(who)[second]
    false, true, _ = roc_curve(same, alike[first, second])
    at = int(np.abs(false - (1 - true)).argmin())
    return float((false[at] + 1 - true[at]) / 2)
