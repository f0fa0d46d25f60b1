"""Vocoders that others trained and published: Vocos and BigVGAN, from the files that a user has of them.

    any sound ──► the vocoder's own mel frames ──► its network ──► the same sound, with phases that fit

A converter's frames are not a published vocoder's: other rate, other bands, other hop. So it is given sound, whose
amplitudes are right and whose phases are not yet (Griffin-Lim's), and makes it again from what it hears.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from isthmus.errors import ModelError
from isthmus.extras import needed
from isthmus.networks.bigvgan import BigVGAN
from isthmus.networks.published import PublishedMel
from isthmus.networks.vocoder import Vocoder
from isthmus.tensors import read_foreign_tensors
from isthmus.training.threads import one_thread

__all__ = ["PublishedVocoder"]

LARGEST_CONFIG = 2**20  # bytes
PEAK = 0.5  # full scale; what the vocoder hears is brought to it
VOCOS = {  # published names of the parts of our `Vocoder`
    "backbone.embed": "first", "backbone.norm": "before", "backbone.final_layer_norm": "after", "head.out": "last",
    "dwconv": "over_time", "pwconv1": "wide", "pwconv2": "narrow", "gamma": "scale", "backbone.convnext": "blocks",
}  # fmt: skip


class PublishedVocoder(nn.Module):
    """Make sound again by a vocoder that others trained.

    Parameters
    ----------
    front : PublishedMel
    network : module, mel (batch, bands, frames) -> samples (batch, samples)
    """

    def __init__(self, front: PublishedMel, network: nn.Module) -> None:
        super().__init__()
        self.front, self.network = front, network
        self.eval().requires_grad_(False)

    @classmethod
    def read(cls, folder: str | Path) -> PublishedVocoder:
        """Read a folder as it was published.

        Parameters
        ----------
        folder : path
            With `config.yaml` (Vocos, of mel frames) or `config.json` (BigVGAN, either version), and the weights as a
            .safetensors file. They are published as pickles, which could execute anything and are not read: the error
            says how to change them once.

        Raises
        ------
        ModelError
            Naming the file that is missing, or what in it is at fault.
        """
        folder = Path(folder)
        for name, build in (("config.yaml", _vocos), ("config.json", _bigvgan)):
            if (folder / name).is_file():
                return _built(folder / name, build)
        raise ModelError(
            f"{folder} holds no published vocoder: neither config.yaml (Vocos) nor config.json (BigVGAN) is there"
        )

    def sound(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """Return the same sound, made again: (samples,) at the rate -> (samples,), float32."""
        with needed("soxr", "recordings", extra="speech"):
            import soxr

        loudest = float(np.abs(samples).max(initial=0.0))
        if not loudest:
            return samples
        heard = soxr.resample(samples * (PEAK / loudest), rate, self.front.rate).astype(np.float32)
        with one_thread(), torch.inference_mode():
            made = self.network(self.front(torch.from_numpy(heard)[None]))[0].numpy()
        again = soxr.resample(made, self.front.rate, rate)[: len(samples)]
        result: np.ndarray = np.pad(again, (0, len(samples) - len(again))).astype(np.float32) * (loudest / PEAK)
        return result


def _built(config: Path, build: Callable[[Any, Path], PublishedVocoder]) -> PublishedVocoder:
    try:
        return build(_settings(config), config.parent)
    except ModelError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, ZeroDivisionError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(f"{config} and its weights do not fit each other: {reason[0]}") from None


def _settings(path: Path) -> Any:
    if path.stat().st_size > LARGEST_CONFIG:
        raise ModelError(f"{path} is too large for a configuration")
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".json":
        return json.loads(text)
    with needed("pyyaml", "recordings", extra="speech"):
        import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ModelError(f"{path} is no YAML: {str(error).splitlines()[0]}") from None


def _whole(settings: Mapping[str, Any], name: str, most: int) -> int:
    """Return a whole number of a configuration, which must be worth its memory."""
    value = settings[name]
    if not isinstance(value, int) or not 1 <= value <= most:
        raise ModelError(f"the configuration's {name} must be a whole number from 1 to {most:,}, not {value!r}")
    return value


def _all_whole(values: Sequence[Any], name: str, most: int, many: int = 12) -> list[int]:
    if not isinstance(values, list) or not 1 <= len(values) <= many:
        raise ModelError(f"the configuration's {name} must be a list of 1 to {many} numbers")
    return [_whole({name: value}, name, most) for value in values]


def _weights(folder: Path, published: str, group: str = "") -> dict[str, Tensor]:
    """Read weights; those of a pickle, as they are published, only by way of their owner."""
    for path in sorted(folder.glob("*.safetensors")):
        return _unnormed(read_foreign_tensors(path))
    if (folder / published).is_file():
        raise ModelError(
            f"{folder / published} is a pickle, which could execute anything, so it is not read. If you trust it, make "
            f'it safe once, in that folder: python -c "import torch, safetensors.torch as s; '
            f"s.save_file(torch.load('{published}', weights_only=True){group}, 'model.safetensors')\""
        )
    raise ModelError(f"{folder} has no weights: there is neither {published} nor a .safetensors file")


def _unnormed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Join length and direction of weights that were trained apart (weight norm)."""
    joined = {}
    for name, value in weights.items():
        if name.endswith(".weight_g"):
            stem, direction = name.removesuffix("_g"), weights[name.removesuffix("g") + "v"]
        elif name.endswith(".parametrizations.weight.original0"):
            stem = name.replace(".parametrizations.weight.original0", ".weight")
            direction = weights[name.removesuffix("0") + "1"]
        else:
            if not name.endswith((".weight_v", ".original1")):
                joined[name] = value.float()
            continue
        length = direction.float().flatten(1).norm(dim=1).view(-1, *[1] * (direction.dim() - 1))
        joined[stem] = value.float() * direction.float() / length
    return joined


def _vocos(settings: Any, folder: Path) -> PublishedVocoder:
    """Read Vocos of mel frames; the one of Encodec's codes is no vocoder of spectra."""
    hears, head = settings["feature_extractor"], settings["head"]
    if not hears["class_path"].endswith("MelSpectrogramFeatures") or not head["class_path"].endswith("ISTFTHead"):
        raise ModelError(f"{folder} is a Vocos of {hears['class_path']}; one of mel spectrograms is needed")
    mel, shape, spread = hears["init_args"], settings["backbone"]["init_args"], head["init_args"]
    if (mel.get("padding", "center"), spread.get("padding", "same")) != ("center", "center"):
        raise ModelError(f"{folder} is a Vocos whose frames are not centred; that is not supported")
    window, hop = _whole(spread, "n_fft", 2**14), _whole(spread, "hop_length", 2**13)
    rate, bands = _whole(mel, "sample_rate", 192_000), _whole(mel, "n_mels", 1024)
    width, blocks = _whole(shape, "dim", 2**13), _whole(shape, "num_layers", 64)
    weights = _weights(folder, "pytorch_model.bin")
    own = {_renamed(name): value for name, value in weights.items() if name.startswith(("backbone.", "head.out."))}
    with torch.device("meta"):  # its tensors come from the file, and no memory by what a configuration claims
        network = Vocoder(bands, width, blocks=blocks, window=window, hop=hop)
    network.load_state_dict(own, assign=True)
    network.hann = torch.hann_window(window)
    return PublishedVocoder(PublishedMel(rate, bands, window, hop, around=window // 2, floor=1e-7), network)


def _renamed(name: str) -> str:
    for published, ours in VOCOS.items():
        name = name.replace(published, ours)
    return name


def _bigvgan(settings: Any, folder: Path) -> PublishedVocoder:
    window, hop = _whole(settings, "n_fft", 2**14), _whole(settings, "hop_size", 2**13)
    rates = _all_whole(settings["upsample_rates"], "upsample_rates", 64)
    if settings["win_size"] != window or math.prod(rates) != hop:
        raise ModelError(f"{folder / 'config.json'}: its sizes of windows, hops and enlargements do not fit each other")
    weights = _weights(folder, "bigvgan_generator.pt", "['generator']")
    bands = _whole(settings, "num_mels", 1024)
    with torch.device("meta"):
        network = BigVGAN(
            bands,
            _whole(settings, "upsample_initial_channel", 2**13),
            rates,
            _all_whole(settings["upsample_kernel_sizes"], "upsample_kernel_sizes", 128),
            _all_whole(settings["resblock_kernel_sizes"], "resblock_kernel_sizes", 128),
            [_all_whole(one, "resblock_dilation_sizes", 128) for one in settings["resblock_dilation_sizes"]],
            paired=str(settings["resblock"]) == "1",
            separate=settings["activation"] == "snakebeta",
            logarithmic=bool(settings["snake_logscale"]),
            bias=bool(settings.get("use_bias_at_final", True)),
            tanh=bool(settings.get("use_tanh_at_final", True)),
        )
    own = {name: value for name, value in weights.items() if not name.endswith(".filter")}
    network.load_state_dict(own, assign=True)
    front = PublishedMel(
        _whole(settings, "sampling_rate", 192_000), bands, window, hop,
        lowest=float(settings["fmin"]), highest=None if settings["fmax"] is None else float(settings["fmax"]),
        slaney=True, around=(window - hop) // 2, within=1e-9, floor=1e-5,
    )  # fmt: skip
    return PublishedVocoder(front, network)
