"""Recordings as training samples: a crop of each, and beside it a crop of another by the same speaker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from isthmus.code import Batch

__all__ = ["Takes", "Waves", "crop"]


class Takes:
    """Crops of recordings, drawn anew every time, each beside one of another take of the same speaker.

    A recording counts as often as a crop fits into it.

    Parameters
    ----------
    mels : sequence of tensor (bands, frames)
    speakers : sequence of int
        Who speaks in each.
    frames : int
        Of a crop; shorter takes are followed by silence.
    """

    def __init__(self, mels: Sequence[Tensor], speakers: Sequence[int], frames: int) -> None:
        self.mels, self.speakers, self.frames = list(mels), list(speakers), frames
        own: dict[int, list[int]] = {}
        for place, speaker in enumerate(self.speakers):
            own.setdefault(speaker, []).append(place)
        self.own = own
        self.places = [at for at, mel in enumerate(self.mels) for _ in range(max(1, mel.shape[1] // frames))]

    def __len__(self) -> int:
        return len(self.places)

    def take(self, chunks: Iterable[Tensor]) -> Iterator[Batch]:
        """Yield {"said", "voice"} crops, (batch, bands, frames) each, given the speaker."""
        for chunk in chunks:
            places = [self.places[at] for at in chunk.tolist()]
            said = torch.stack([crop(self.mels[place], self.frames) for place in places])
            voice = torch.stack([crop(self.mels[self._other(place)], self.frames) for place in places])
            speaker = torch.tensor([self.speakers[place] for place in places])
            yield Batch({"said": said, "voice": voice}, {"speaker": speaker})

    def _other(self, place: int) -> int:
        """Draw another take of the same speaker, where there is one."""
        same = self.own[self.speakers[place]]
        if len(same) == 1:
            return place
        drawn = same[int(torch.randint(len(same) - 1, ()))]
        return same[-1] if drawn == place else drawn


def crop(mel: Tensor, frames: int) -> Tensor:
    """Cut so many frames out at a random place, or follow a shorter recording by its quietest value."""
    spare = mel.shape[1] - frames
    if spare >= 0:
        start = int(torch.randint(spare + 1, ()))
        return mel[:, start : start + frames].float()
    return torch.cat([mel, mel.new_full((len(mel), -spare), float(mel.min()))], 1).float()


class Waves:
    """Crops of sound, drawn anew every time; a recording counts as often as a crop fits into it.

    Parameters
    ----------
    sounds : sequence of tensor (samples,)
    samples : int
        Of a crop; shorter recordings are followed by silence.
    """

    def __init__(self, sounds: Sequence[Tensor], samples: int) -> None:
        self.sounds, self.samples = list(sounds), samples
        self.places = [at for at, sound in enumerate(self.sounds) for _ in range(max(1, len(sound) // samples))]

    def __len__(self) -> int:
        return len(self.places)

    def take(self, chunks: Iterable[Tensor]) -> Iterator[Batch]:
        """Yield crops (batch, samples)."""
        for chunk in chunks:
            yield Batch(torch.stack([self._crop(self.sounds[self.places[at]]) for at in chunk.tolist()]))

    def _crop(self, sound: Tensor) -> Tensor:
        spare = len(sound) - self.samples
        if spare < 0:
            return torch.cat([sound, sound.new_zeros(-spare)])
        start = int(torch.randint(spare + 1, ()))
        return sound[start : start + self.samples]
