"""The recipes for voices, held to the laws."""

from __future__ import annotations

import torch

from isthmus.code import Batch
from isthmus.codes.quantized import Quantized
from isthmus.kinds.made_speech import SPEAKERS, spoken
from isthmus.networks.sounds import WINDOW, SoundEncoder, shapes, windows
from isthmus.networks.speech import SpeakerEncoder
from isthmus.recipes.adain_vc import AnotherVoice, NewVoices, adain_vc
from isthmus.recipes.adversarial_vc import Residual, adversarial_vc
from isthmus.recipes.autovc import ContentConsistency, autovc
from isthmus.recipes.speakers import Speakers
from isthmus.recipes.speech_sounds import sounds, speech_sounds
from isthmus.recipes.speech_units import speech_units
from isthmus.recipes.vocoder import vocoder
from isthmus.tasks.speech_input import SpeechInput
from isthmus.training.loop import train
from isthmus.training.settings import Settings
from isthmus.training.takes import Takes
from tests.laws import RecipeLaws


def pairs(rows=4, frames=32):
    torch.manual_seed(0)
    return Batch(
        {"said": torch.randn(rows, 80, frames), "voice": torch.randn(rows, 80, frames)},
        {"speaker": torch.arange(rows) % 2},
    )


class TestAdaINVC(RecipeLaws):
    make, batch = staticmethod(lambda: adain_vc(width=16, content=4, style=8)), pairs()


class TestSpeechUnits(RecipeLaws):
    make, batch = staticmethod(lambda: speech_units(width=16, entries=8, content=4, style=8)), pairs()
    no_source = "whose voice it is is told beside the code, and not paid for"


class TestSpeechSounds(RecipeLaws):
    make, batch = staticmethod(lambda: speech_sounds(width=16, entries=8, content=4, style=8)), pairs()
    no_source = "whose voice it is is told beside the code, and not paid for"


class TestAutoVC(RecipeLaws):
    make, batch = staticmethod(lambda: autovc(width=16, content=4, style=8)), pairs()


class TestAdversarialVC(RecipeLaws):
    make, batch = staticmethod(lambda: adversarial_vc(speakers=2, width=16, content=4, style=8)), pairs()


class TestVocoder(RecipeLaws):
    make = staticmethod(lambda: vocoder(width=16, blocks=1))
    batch = Batch(torch.randn(3, 4000, generator=torch.Generator().manual_seed(0)) * 0.1)


def test_a_vocoder_learns_to_sound_like_what_it_hears():
    torch.manual_seed(0)
    heard = torch.stack([torch.from_numpy(spoken(word, "ada"))[:6400] for word in ("aiueo", "oeuia", "uoaie")])
    model = vocoder(width=32, blocks=2, adversarial=False)
    before = model.description_length(Batch(heard)).mean()
    settings = Settings(steps=60, batch_size=3, learning_rate=3e-3, threads=1)
    train(model, Batch(heard), settings=settings)
    assert model.description_length(Batch(heard)).mean() < 0.6 * before


def test_takes_of_one_voice_become_nearer_than_those_of_two():
    torch.manual_seed(0)
    front, model, names = SpeechInput(), Speakers(SpeakerEncoder(80, 16, 8)), list(SPEAKERS)

    def heard(word):
        return [front.mel(spoken(word, name, seed=len(word))) for name in names]

    def nearer():
        """By how much at least, in new takes, the same voice is more alike than the most alike of another."""
        with torch.inference_mode():
            one, other = (
                torch.cat([model.encoder(mel[None])["style"] for mel in heard(word)]) for word in ("iuaoe", "eoiuau")
            )
            alike = Speakers.likeness(one[:, None], other[None])
        another = alike.masked_fill(torch.eye(len(names), dtype=torch.bool), -1).amax(1)
        return float((alike.diagonal() - another).min())

    before = nearer()
    takes = [mel for word in ("aiu", "oeui", "uoaie", "eaioua") for mel in heard(word)]
    samples = Takes(takes, list(range(len(names))) * 4, 32)
    train(model, samples, settings=Settings(steps=40, batch_size=16, learning_rate=3e-3, threads=1))
    assert before < 0.1
    assert nearer() > 0.4


def test_sounds_are_taught_by_their_neighbours_and_named_by_the_nearest_entry():
    torch.manual_seed(0)
    encoder = SoundEncoder(80, 16, 4)
    model = sounds(encoder, content=4, entries=8)
    batch = Batch(torch.randn(6, 80, WINDOW), {"neighbour": torch.randn(6, 80, WINDOW)})
    (player,) = model.players()
    player.loss(model(batch)).backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())
    code = Quantized(8, 4, learned="beforehand").put(model.head.codebook).train()
    features = torch.nn.functional.silu(encoder.heard(batch.x))
    assert torch.equal(code(features).symbols[:, 0], model.logits(batch.x).argmax(1))
    assert torch.equal(code.codebook, model.head.codebook)


def test_the_window_of_a_place_is_what_the_encoder_hears_there():
    torch.manual_seed(0)
    encoder, mel = SoundEncoder(80, 16, 4), torch.randn(80, 24)
    whole = encoder(mel[None])[0].T
    apart = torch.nn.functional.silu(encoder.heard(windows(mel))[..., 0])
    assert whole.shape == (12, 4)
    assert torch.allclose(whole, apart, atol=1e-5)


def test_a_sound_is_compared_by_the_shape_of_its_spectrum_and_not_by_the_microphone():
    mel = torch.randn(80, 24)
    louder = mel + torch.linspace(-1, 2, 80)[:, None]
    assert shapes(mel).shape == (12, 13 * WINDOW)
    assert torch.allclose(shapes(louder), shapes(mel), atol=1e-3)


def test_the_content_consistency_is_nothing_where_content_comes_back():
    model = autovc(width=16, content=4, style=8).train()
    passage = model(pairs())
    critic = model.critics["consistency"]
    assert list(critic.parameters()) == []
    assert (critic.fool(passage) > 0).all()
    same = ContentConsistency(lambda mel: passage.code.value["content"], model.distance.expected, weight=1.0)
    assert torch.equal(same.fool(passage), torch.zeros(4))


def test_the_generator_moves_the_residual_alone():
    torch.manual_seed(0)
    model = adversarial_vc(speakers=2, width=16, content=4, style=8)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    train(Residual(model, speakers=2, width=8), pairs(), settings=Settings(steps=3, batch_size=4, threads=1))
    moved = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved
    assert all(name.startswith("decoder.residual.") for name in moved)


def test_the_target_stays_in_its_own_voice():
    x = pairs().x
    spoiled, where = AnotherVoice()(x)
    assert where is None
    assert torch.equal(spoiled["voice"], x["voice"])
    assert not torch.equal(spoiled["said"], x["said"])


def test_a_new_voice_is_one_for_both_recordings_of_a_row():
    torch.manual_seed(0)
    one = torch.randn(4, 80, 32)
    seen = NewVoices()({"said": one, "voice": one.clone()})
    assert torch.equal(seen["said"], seen["voice"])
    assert not torch.equal(seen["said"], one)
