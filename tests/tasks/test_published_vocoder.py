"""Vocoders that others published, from folders that the tests make."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from isthmus import VoiceConverter
from isthmus.errors import IsthmusError, ModelError
from isthmus.networks.bigvgan import BigVGAN
from isthmus.networks.mel_bank import mel_bank
from isthmus.networks.vocoder import Vocoder
from isthmus.tasks.published_vocoder import VOCOS, PublishedVocoder
from tests.sounds import folder_of

RATE, WIDTH, BLOCKS = 16_000, 8, 2
WEIGHTS = "model.safetensors"
VOCOS_CONFIG = """
feature_extractor:
  class_path: vocos.feature_extractors.MelSpectrogramFeatures
  init_args: {sample_rate: 24000, n_fft: 1024, hop_length: 256, n_mels: 20, padding: center}
backbone:
  class_path: vocos.models.VocosBackbone
  init_args: {input_channels: 20, dim: 8, intermediate_dim: 24, num_layers: 2}
head:
  class_path: vocos.heads.ISTFTHead
  init_args: {dim: 8, n_fft: 1024, hop_length: 256, padding: center}
"""
BIGVGAN_CONFIG = {
    "num_mels": 20, "n_fft": 1024, "win_size": 1024, "hop_size": 256, "sampling_rate": 24000, "fmin": 0, "fmax": None,
    "upsample_rates": [8, 8, 4], "upsample_kernel_sizes": [16, 16, 8], "upsample_initial_channel": 16,
    "resblock": "1", "resblock_kernel_sizes": [3, 5], "resblock_dilation_sizes": [[1, 3], [1, 3]],
    "activation": "snakebeta", "snake_logscale": True, "use_tanh_at_final": False, "use_bias_at_final": False,
}  # fmt: skip


def vocos_folder(folder: Path) -> Path:
    network = Vocoder(20, WIDTH, blocks=BLOCKS, window=1024, hop=256)
    weights = {}
    for name, value in network.state_dict().items():
        for published, ours in reversed(VOCOS.items()):
            name = name.replace(ours, published)
        weights[name] = value
    folder.mkdir()
    (folder / "config.yaml").write_text(VOCOS_CONFIG)
    save_file(weights | {"feature_extractor.mel_spec.spectrogram.window": torch.ones(1024)}, folder / WEIGHTS)
    return folder


def bigvgan_folder(folder: Path) -> Path:
    """Weights as they are published: length and direction apart."""
    network = BigVGAN(20, 16, [8, 8, 4], [16, 16, 8], [3, 5], [[1, 3], [1, 3]], bias=False, tanh=False)
    for module in network.modules():
        if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
            nn.init.normal_(module.weight, std=0.05)
            nn.utils.weight_norm(module)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(BIGVGAN_CONFIG))
    save_file(network.state_dict(), folder / WEIGHTS)
    return folder


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("make", [vocos_folder, bigvgan_folder])
def test_sound_comes_back_as_long_and_the_same_every_time(make, tmp_path):
    torch.manual_seed(0)
    vocoder = PublishedVocoder.read(make(tmp_path / "published"))
    samples = 0.1 * np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    made = vocoder.sound(samples, RATE)
    assert made.shape == samples.shape
    assert made.std() > 0
    assert np.array_equal(made, vocoder.sound(samples, RATE))
    assert not vocoder.sound(np.zeros(5000, np.float32), RATE).any()


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_directions_and_lengths_are_joined(tmp_path):
    torch.manual_seed(0)
    folder = bigvgan_folder(tmp_path / "published")
    stored = load_file(folder / WEIGHTS)
    network = PublishedVocoder.read(folder).network
    assert torch.allclose(network.conv_pre.weight.flatten(1).norm(dim=1), stored["conv_pre.weight_g"].flatten().abs())


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (vocos_folder, [0.006535, -0.003898, -0.000633, -0.003873, -0.000671]),
        (bigvgan_folder, [0.042824, 0.045930, 0.043621, 0.045485, 0.045975]),
    ],
)
def test_the_sound_is_what_the_published_packages_make_of_the_same_weights(make, expected, tmp_path):
    """vocos 0.1.0 and bigvgan 2.4.1 made these samples: their own front ends, these configurations and weights."""
    folder = make(tmp_path / "published")
    weights = load_file(folder / WEIGHTS)
    for name, value in weights.items():
        wave = 0.3 * torch.sin(1.7 * torch.arange(value.numel(), dtype=torch.float64) + len(name))
        weights[name] = wave.view(value.shape).float()
    save_file(weights, folder / WEIGHTS)
    vocoder = PublishedVocoder.read(folder)
    samples = (0.3 * torch.sin(torch.arange(6000) * 0.07))[None] * torch.linspace(0, 1, 6000)
    with torch.inference_mode():
        made = vocoder.network(vocoder.front(samples))[0]
    assert len(made) == 5888
    assert made[[500, 1500, 2500, 3500, 5000]].tolist() == pytest.approx(expected, abs=1e-5)


def test_bands_are_those_of_the_tools_they_come_from():
    """Centres by librosa 0.11: `mel_frequencies(n_mels=10, fmax=8000, htk=...)`; heights and areas as it says."""
    htk, slaney = (mel_bank(16_000, 8, 16_384, slaney=slaney) for slaney in (False, True))
    hertz = torch.arange(8193) * 16_000 / 16_384
    expected = [226.19, 525.47, 921.46, 1445.40, 2138.64, 3055.88, 4269.52, 5875.32]
    assert hertz[htk.argmax(1)].tolist() == pytest.approx(expected, abs=1)
    expected = [335.15, 670.31, 1005.65, 1420.86, 2007.52, 2836.40, 4007.51, 5662.16]
    assert hertz[slaney.argmax(1)].tolist() == pytest.approx(expected, abs=1)
    assert htk.amax(1).tolist() == pytest.approx([1.0] * 8, abs=0.01)
    assert (slaney.sum(1) * 16_000 / 16_384).tolist() == pytest.approx([1.0] * 8, abs=0.01)


def test_what_is_no_vocoder_is_refused_by_name(tmp_path):
    with pytest.raises(ModelError, match=r"neither config\.yaml"):
        PublishedVocoder.read(tmp_path)
    folder = vocos_folder(tmp_path / "published")
    weights = folder / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged"):
        PublishedVocoder.read(folder)
    weights.unlink()
    with pytest.raises(ModelError, match="has no weights"):
        PublishedVocoder.read(folder)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize(
    ("make", "published"), [(vocos_folder, "pytorch_model.bin"), (bigvgan_folder, "bigvgan_generator.pt")]
)
def test_a_pickle_is_not_read_and_the_way_out_works(make, published, tmp_path):
    folder = make(tmp_path / "published")
    weights = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    torch.save(weights if published.endswith(".bin") else {"generator": weights}, folder / published)
    with pytest.raises(ModelError, match="is a pickle") as told:
        PublishedVocoder.read(folder)
    command = str(told.value).split('python -c "')[1].removesuffix('"')
    subprocess.run([sys.executable, "-c", command], cwd=folder, check=True)
    PublishedVocoder.read(folder)


def test_a_converter_that_learns_anew_keeps_it(tmp_path):
    folder_of(tmp_path / "takes", words=("aiu",))
    told = VoiceConverter(steps=1, width=8, content=2, random_state=0).use_vocoder(vocos_folder(tmp_path / "published"))
    take = tmp_path / "takes" / "ben" / "aiu.wav"
    sounds = [told.fit(tmp_path / "takes").convert(content=take, voice=take)[0] for _ in range(2)]
    assert np.array_equal(*sounds)
    plain = told.use_vocoder(None).convert(content=take, voice=take)[0]
    assert not np.array_equal(plain, sounds[0])


@pytest.mark.parametrize(("module", "library"), [("yaml", "pyyaml"), ("soxr", "soxr")])
def test_what_to_install_is_told_where_a_library_is_missing(module, library, tmp_path, monkeypatch):
    folder = vocos_folder(tmp_path / "published")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f"recordings need {library} .*pip install 'isthmus") as told:
        PublishedVocoder.read(folder).sound(np.ones(5000, np.float32), RATE)
    assert isinstance(told.value, IsthmusError)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("num_layers: 2", "num_layers: 2000000000", "num_layers must be a whole number from 1 to 64"),
        ("n_mels: 20", "n_mels: 21", "do not fit each other"),
        ("MelSpectrogramFeatures", "EncodecFeatures", "one of mel spectrograms is needed"),
        ("dim: 8, n_fft", "dim: [8, n_fft", "is no YAML"),
        ("backbone:", "spine:", "do not fit each other: 'backbone'"),
    ],
)
def test_a_configuration_that_does_not_fit_is_told(old, new, told, tmp_path):
    folder = vocos_folder(tmp_path / "published")
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace(old, new))
    with pytest.raises(ModelError, match=told):
        PublishedVocoder.read(folder)
