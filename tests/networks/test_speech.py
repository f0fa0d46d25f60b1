"""The mel front end and the networks over it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from isthmus.kinds.made_speech import spoken
from isthmus.networks.mel import LogMel
from isthmus.networks.speech import AdaptiveDecoder, ContentEncoder, SpeakerEncoder, statistics
from isthmus.networks.voices import another_voice
from isthmus.training.takes import Takes


def test_mel_frames_come_back_as_sound_with_the_same_mel_frames():
    front = LogMel()
    mel = front(torch.from_numpy(spoken("aiueo", "ada"))[None])
    again = front(front.invert(mel))
    loud = mel > mel.max() - 6
    assert (again - mel)[..., : mel.shape[2]][loud].abs().mean() < 0.25  # nats of amplitude
    assert torch.equal(front.invert(mel), front.invert(mel))


def test_frames_are_counted_right():
    front = LogMel()
    for samples in (1, 199, 200, 1024, 5001):
        assert front(torch.randn(1, samples)).shape[2] == front.frames(max(samples, front.window))


def test_no_level_or_room_of_the_source_reaches_the_content():
    torch.manual_seed(0)
    mel = LogMel()(torch.from_numpy(spoken("aiueo", "ben"))[None])
    curve = torch.linspace(-2, 2, 80)[None, :, None]
    encoder = ContentEncoder(80, 32, 8).eval()
    assert torch.allclose(encoder(mel), encoder(mel + curve), atol=0.35)
    assert not torch.allclose(encoder(mel), encoder(mel.flip(2)), atol=0.35)


def test_the_voices_statistics_are_put_back():
    torch.manual_seed(0)
    mel = LogMel()(torch.from_numpy(spoken("aiueo", "ben"))[None])[..., :64]
    encoder, decoder = SpeakerEncoder(80, 32, 16), AdaptiveDecoder(8, 16, 32, 80)
    said = decoder({"content": torch.randn(1, 8, 16), "speaker": encoder(mel)})
    assert said.shape == mel.shape
    mean, deviation = statistics(mel)
    assert torch.allclose((said - mean).mean(2) / deviation[..., 0], torch.zeros(1, 80), atol=1.5)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_another_voice_moves_the_frequencies_by_the_factor(factor):
    front = LogMel()
    time = torch.arange(16_000) / 16_000
    mel = front(torch.sin(2 * np.pi * 1000 * time)[None])
    wanted = front(torch.sin(2 * np.pi * 1000 * factor * time)[None])
    moved = another_voice(mel, torch.tensor([factor]))
    assert abs(int(moved[0, :, 20].argmax()) - int(wanted[0, :, 20].argmax())) <= 1


def test_takes_set_another_take_of_the_same_speaker_beside_each():
    mels = [torch.full((80, 40 + 5 * at), float(at)) for at in range(6)]
    takes = Takes(mels, [0, 0, 0, 1, 1, 2], frames=40)
    (batch,) = takes.take([torch.arange(6)])
    assert batch.x["said"].shape == batch.x["voice"].shape == (6, 80, 40)
    said, voice = batch.x["said"][:, 0, 0].tolist(), batch.x["voice"][:, 0, 0].tolist()
    assert said == [0, 1, 2, 3, 4, 5]
    assert all(takes.speakers[int(a)] == takes.speakers[int(b)] for a, b in zip(said, voice, strict=True))
    assert all(a != b for a, b in zip(said[:5], voice[:5], strict=True))
    assert voice[5] == 5  # a speaker of one take alone
