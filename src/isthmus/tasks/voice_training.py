"""What is trained around a voice converter: the judge of voices, warm starts, the vocoder."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.quantized import Quantized
from isthmus.errors import SoundWarning
from isthmus.kinds import speech
from isthmus.networks.sounds import STRIDE, SoundEncoder, shapes, windows
from isthmus.networks.speech import SpeakerEncoder
from isthmus.recipes.adain_vc import NewVoices
from isthmus.recipes.neighbours import nearest_neighbours
from isthmus.recipes.speakers import Speakers
from isthmus.recipes.speech_sounds import sounds
from isthmus.tasks.speech_input import LONGEST_TAKE, SpeechInput
from isthmus.tasks.verifier import equal_error_rate, held_out_speakers
from isthmus.training.loop import train
from isthmus.training.samples import Beside, InMemory, Samples, Viewed
from isthmus.training.settings import Settings
from isthmus.training.takes import Takes, Waves

__all__ = ["Around", "pace"]

WAVE = 8000  # samples of a vocoder's training crop
MOST_SOUNDS = 40_000  # places that sounds are learned from, 17 minutes: each is compared with all
SOUNDS, NEIGHBOURS = 512, 10  # sounds in a batch; of those most like a sound in other recordings, it is one of these


def pace(steps: int) -> dict[str, Any]:
    """Return the settings of everything that learns from crops of mel frames."""
    return {"batch_size": 32, "learning_rate": 1e-3, "betas": (0.9, 0.98), "warmup": min(100, steps)}


@dataclass(frozen=True, slots=True)
class Around:
    """How everything around a converter is trained."""

    input: SpeechInput
    seed: int
    progress: bool

    def learn(self, model: nn.Module, samples: Samples, steps: int, **more: Any) -> None:
        """Train what goes before or after the converter's own training."""
        steps = max(steps, 1)
        settings = self.input.pace() | pace(steps) | {"steps": steps, "seed": self.seed, "progress": self.progress}
        train(model, samples, settings=Settings(**(settings | more)))

    def judge_of_voices(
        self, encoder: SpeakerEncoder, mels: Sequence[Tensor], speakers: Sequence[int], *, frames: int, steps: int
    ) -> float | None:
        """Train a judge of likeness, and return its error rate on speakers kept from it; None with few speakers."""
        kept = held_out_speakers(speakers)
        taught = [at for at, speaker in enumerate(speakers) if speaker not in kept]
        others = [at for at, speaker in enumerate(speakers) if speaker in kept]
        takes = Takes([mels[at] for at in taught], [speakers[at] for at in taught], frames)
        self.learn(Speakers(encoder), Viewed(takes, NewVoices()), steps, title="learning to tell voices apart")
        encoder.eval().requires_grad_(False)
        if not others:
            return None
        return equal_error_rate(encoder, [mels[at] for at in others], [speakers[at] for at in others])

    def speakers(self, model: AutoEncoder, samples: Samples, steps: int) -> None:
        """Teach the speaker part of `autovc` to tell speakers apart, before the rest learns; then it stays."""
        speaker: SpeakerEncoder = model.encoder.speaker  # type: ignore[assignment]
        self.learn(Speakers(speaker), samples, steps, title="learning speakers")
        speaker.requires_grad_(False)

    def sounds(self, model: AutoEncoder, mels: Sequence[Tensor], steps: int) -> None:
        """Teach the units of `speech_sounds` which sounds there are, before the decoder learns; then they stay."""
        encoder: SoundEncoder = model.encoder.content  # type: ignore[assignment]
        code: Quantized = model.code.parts["content"]  # type: ignore[index,assignment]
        heard, alike, recording = _drawn(mels)
        near = nearest_neighbours(alike, NEIGHBOURS, groups=recording)
        taught = sounds(encoder, content=code.width, entries=code.entries)
        samples = Beside(InMemory(Batch(heard)), near)
        self.learn(
            taught, samples, steps, batch_size=min(SOUNDS, len(heard)), learning_rate=2e-3, weight_decay=1e-4,
            title="learning the sounds",
        )  # fmt: skip
        code.put(taught.head.codebook)  # type: ignore[arg-type]
        encoder.requires_grad_(False)

    def vocoder(self, model: AutoEncoder, folder: str | Path, steps: int) -> None:
        """Train a vocoder on the recordings of a folder."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SoundWarning)  # they were told when the mel frames were made
            takes = [torch.from_numpy(self.input.take(take.path, most=LONGEST_TAKE)) for take in speech.find(folder)]
        self.learn(model, Waves(takes, WAVE), steps, batch_size=16, betas=(0.8, 0.99), title="learning to sound")
        model.eval().requires_grad_(False)


def _drawn(mels: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Draw places of recordings: their windows, what they are compared by, and the recording of each."""
    ends = torch.tensor([mel.shape[1] // STRIDE for mel in mels]).cumsum(0)
    drawn = torch.randperm(int(ends[-1]))[:MOST_SOUNDS]
    recording = torch.bucketize(drawn, ends, right=True)
    heard, alike = [], []
    for at, (mel, end) in enumerate(zip(mels, ends.tolist(), strict=True)):
        places = drawn[recording == at] - (end - mel.shape[1] // STRIDE)
        heard.append(windows(mel)[places])
        alike.append(shapes(mel)[places])
    as_drawn = recording.argsort(stable=True).argsort()
    return torch.cat(heard)[as_drawn], torch.cat(alike)[as_drawn], recording
