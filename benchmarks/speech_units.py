"""Are the units the sounds of the language? python benchmarks/speech_units.py [--steps 6000] [--entries 128]

Learned from recordings without labels (LibriSpeech, VCTK), judged on hand-labelled ones (the TIMIT sample, speakers
never heard): frame phone purity, phone-normalised mutual information, bits a second, and ABX error within speakers,
beside k-means on log-mel frames of the same rate and size. VQ-VAE (2017) reports 49.3% with 128 codes at 25 Hz.
No unit depends on the decoder, so it is not trained here: what is measured is what `fit` learns before it.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.spatial.distance import cdist
from sklearn.cluster import MiniBatchKMeans

from common import DATA, print_table, save
from isthmus import VoiceConverter
from isthmus.autoencoder import AutoEncoder
from isthmus.kinds import speech
from isthmus.tasks.speech_input import SpeechInput
from isthmus.tasks.unit_map import agreement, aligned_phones
from isthmus.training.samples import Samples

LEARNED_FROM = ("librispeech_one_utt", "librispeech_test_other", "vctk_sample")
HOP = 400  # samples a unit
FOLDED = {  # Lee & Hon (1989): 61 phones to 39 classes; what is not here stays as it is
    "ao": "aa", "ax": "ah", "ax-h": "ah", "axr": "er", "hv": "hh", "ix": "ih", "el": "l", "em": "m", "en": "n",
    "nx": "n", "eng": "ng", "zh": "sh", "ux": "uw", "pcl": "sil", "tcl": "sil", "kcl": "sil", "bcl": "sil",
    "dcl": "sil", "gcl": "sil", "h#": "sil", "pau": "sil", "epi": "sil", "q": "",
}  # fmt: skip


class Undecoded(VoiceConverter):
    """A converter of which all is learned but the decoder."""

    def _train(self, model: AutoEncoder, samples: Samples, **settings: Any) -> None:
        super()._train(model, samples, **(settings | {"steps": 1, "warmup": 0}))


def stacked(mel: torch.Tensor) -> np.ndarray:
    """Two frames a row, each recording standardised: what k-means sees, (units, 2 * bands)."""
    frames = mel.numpy()
    frames = (frames - frames.mean(1, keepdims=True)) / (frames.std(1, keepdims=True) + 0.1)
    count = frames.shape[1] // 2
    return frames[:, : 2 * count].reshape(len(frames), count, 2).transpose(1, 0, 2).reshape(count, -1)


def warped(one: np.ndarray, other: np.ndarray) -> float:
    """Mean distance along the best alignment (dynamic time warping, angles)."""
    cost = np.nan_to_num(np.arccos(np.clip(1 - cdist(one, other, "cosine"), -1, 1)) / np.pi, nan=0.5)
    best = np.full((len(one) + 1, len(other) + 1), np.inf)
    best[0, 0] = 0
    for i in range(len(one)):
        for j in range(len(other)):
            best[i + 1, j + 1] = cost[i, j] + min(best[i, j], best[i, j + 1], best[i + 1, j])
    return best[-1, -1] / max(len(one), len(other))


def abx(segments: dict[str, list[tuple[str, np.ndarray]]], triples: int = 6000) -> float:
    """Share of triples of one speaker in which X is nearer to another phone than to its own, ties half."""
    rng, wrong, speakers = np.random.default_rng(0), 0.0, sorted(segments)
    for _ in range(triples):
        own = segments[speakers[rng.integers(len(speakers))]]
        while True:
            a, b, x = (own[at] for at in rng.integers(len(own), size=3))
            if a[0] == x[0] != b[0] and a[1] is not x[1]:
                break
        same, different = warped(a[1], x[1]), warped(b[1], x[1])
        wrong += 1.0 if same > different else 0.5 if same == different else 0.0
    return wrong / triples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--entries", type=int, default=128)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, heard = Path(scratch), SpeechInput()
        for corpus in LEARNED_FROM:
            for take in speech.find(DATA / "speech" / corpus):
                (folder / f"{corpus}-{take.speaker}").mkdir(exist_ok=True)
                (folder / f"{corpus}-{take.speaker}" / take.path.name).symlink_to(take.path)
        began = time.process_time()
        converter = Undecoded("sounds", steps=options.steps, entries=options.entries, random_state=0).fit(folder)
        minutes = (time.process_time() - began) / 60
        mels, _ = heard.read_folder(folder)
    frames = np.concatenate([stacked(mel) for mel in mels])
    kmeans = MiniBatchKMeans(options.entries, n_init=3, random_state=0, batch_size=4096).fit(frames)
    methods: dict[str, dict] = {name: {"units": [], "phones": [], "segments": {}} for name in ("ours", "k-means")}
    for take in speech.find(DATA / "speech" / "timit_sample"):
        samples = speech.read(take.path)
        mel = converter.input_.frames_of(samples)
        with torch.inference_mode():
            features = converter.model_.encoder.content(mel[None])
            code = converter.model_.code.parts["content"](features)
        plain = stacked(mel)
        found = {
            "ours": (code.symbols[0].numpy(), code.value[0].T.numpy()),
            "k-means": (kmeans.predict(plain), kmeans.cluster_centers_[kmeans.predict(plain)]),
        }
        for name, (units, vectors) in found.items():
            phones = aligned_phones(take.path.with_suffix(".phn"), len(units), HOP)
            phones = np.array([FOLDED.get(phone, phone) for phone in phones])
            kept = phones != ""
            methods[name]["units"].append(units[kept])
            methods[name]["phones"].append(phones[kept])
            edges = np.flatnonzero(phones[1:] != phones[:-1]) + 1
            for start, end in zip([0, *edges], [*edges, len(phones)], strict=True):
                if end - start >= 2 and phones[start] not in ("", "sil"):
                    methods[name]["segments"].setdefault(take.speaker, []).append((phones[start], vectors[start:end]))
    rows = []
    for name, seen in methods.items():
        units, phones = np.concatenate(seen["units"]), np.concatenate(seen["phones"])
        speech_only = phones != "sil"
        row = {"units": f"{name}, {options.entries}"} | agreement(units, phones)
        row |= {"purity without silence": agreement(units[speech_only], phones[speech_only])["purity"]}
        share = np.bincount(units, minlength=options.entries) / len(units)
        entropy = -(share[share > 0] * np.log2(share[share > 0])).sum()
        rate = speech.RATE / HOP
        row |= {"bits/s": rate * math.log2(options.entries), "bits/s by frequency": rate * entropy}
        row |= {"used": int((share > 0).sum()), "ABX": abx(seen["segments"]), "minutes": minutes}
        rows.append(row)
    print_table(rows, "units against phones (39 classes), TIMIT sample")
    save(f"speech_units_{options.entries}", rows)


if __name__ == "__main__":
    main()
