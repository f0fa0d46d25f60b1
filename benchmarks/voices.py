"""Voice conversion between people never heard: python benchmarks/voices.py [--recipes adain,autovc] [--steps 4000]

One-shot: one recording of what is said, one of the voice, both of 8 speakers kept out of training. The judge is the
protocol's: whose voice (with and without the channel) and which digit. Beside the recipes stand real recordings, the
target's own digit through Griffin-Lim (the upper bound), the source as it is, and "resample to the target's pitch and
equalise". Fresh probes say what is left of the speaker in the content, and of the content in the speaker's part.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import isthmus
from common import DATA, print_table, protocol, save, stored
from isthmus import VoiceConverter
from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.vector import Vector
from isthmus.distances import Laplace, Of
from isthmus.networks.speech import AdaptiveDecoder, ContentEncoder, SpeakerEncoder, SplitEncoder

# Kept out of training: of twelve random draws of four women and four men with two takes or more of every digit, the one
# whose real recordings the judge reads most nearly as those of the twelve that the bars were set on (.93; mean .86).
OWN = ("21", "49", "55", "57", "34", "38", "52", "54")
ROWS = {
    "real held-out takes": "real recordings",
    "upper bound: GL of target saying that digit": "the target's own digit through Griffin-Lim",
    "convert: copy the source": "the source as it is",
    "convert: resample to target F0 + LTAS": "resampled to the target's pitch, equalised",
}


def folder_of(speakers: list[Path], where: Path) -> Path:
    """A folder of these speakers alone, without a copy of their recordings."""
    for speaker in speakers:
        (where / speaker.name).mkdir(parents=True)
        for take in speaker.iterdir():
            (where / speaker.name / take.name).symlink_to(take)
    return where


def pairs(folder: Path, count: int) -> list[tuple[Path, Path, str, int]]:
    """Content, voice, target speaker and digit, drawn with a fixed seed."""
    takes = {speaker.name: sorted(speaker.iterdir()) for speaker in sorted(folder.iterdir())}
    every = [take for own in takes.values() for take in own]
    rng, found = np.random.default_rng(0), []
    while len(found) < count:
        content = every[rng.integers(len(every))]
        target = list(takes)[rng.integers(len(takes))]
        if target != content.parent.name:
            voice = takes[target][rng.integers(len(takes[target]))]
            found.append((content, voice, target, int(re.match(r"\d", content.name)[0])))
    return found


def probed(codes: np.ndarray, names: list[str]) -> float:
    """Accuracy on half of the takes of a probe trained afresh on the other half."""
    order = np.random.default_rng(0).permutation(len(codes))
    half, names = len(codes) // 2, np.array(names)
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    probe.fit(codes[order[:half]], names[order[:half]])
    return float((probe.predict(codes[order[half:]]) == names[order[half:]]).mean())


def probes(converter: VoiceConverter, folder: Path) -> dict[str, float]:
    content, speaker, who, what = [], [], [], []
    for take in sorted(folder.glob("*/*")):
        mel = converter.input_.mel(converter.input_.take(take))[None]
        with torch.inference_mode():
            value = converter.model_.embed(Batch({"said": mel, "voice": mel}))
        whole = value["content"][0]
        third = torch.nn.functional.adaptive_avg_pool1d(whole, 6)
        content.append(torch.cat([third.flatten(), whole.std(1, correction=0)]).numpy())
        speaker.append(value["speaker"]["style"][0].numpy())
        who.append(take.parent.name)
        what.append(take.name[0])
    content, speaker = np.array(content), np.array(speaker)
    return {
        "speaker in content": probed(content, who),
        "digit in content": probed(content, what),
        "speaker in speaker": probed(speaker, who),
        "digit in speaker": probed(speaker, what),
    }


class Plain(VoiceConverter):
    """What the probes are compared with: a code of the same size, and nothing that keeps the voice out of it."""

    def _build(self) -> AutoEncoder:
        bands, content, style = self.input_.bands, self.content or 32, 128
        return AutoEncoder(
            encoder=SplitEncoder(
                ContentEncoder(bands, self.width, content, normed=False), SpeakerEncoder(bands, self.width, style)
            ),
            code=Vector(),
            decoder=AdaptiveDecoder(content, style, self.width, bands),
            distance=Of("said", Laplace(0.5, learned=True)),
        )


def merged(kept: str, part: str, rows: list[dict]) -> list[dict]:
    """These rows in the place of stored ones of the same recipes."""
    names = {row["recipe"] for row in rows}
    return [row for row in (stored(kept) or {}).get(part, []) if row["recipe"] not in names] + rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", default="sounds,adain,adversarial,autovc,units,plain")
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--width", type=int, default=None)
    parser.add_argument("--content", type=int, default=None, help="numbers a frame of content; stored apart")
    parser.add_argument("--pairs", type=int, default=240)
    parser.add_argument("--models", type=Path, help="folder to keep the models in")
    parser.add_argument("--load", action="store_true", help="judge the models in that folder, do not train them")
    options = parser.parse_args()
    if options.models:
        options.models.mkdir(parents=True, exist_ok=True)
    kept = "voices_bottleneck" if options.content else "voices"
    judges = protocol("voice_judge")
    speakers = sorted(path for path in (DATA / "audiomnist_az").iterdir() if path.is_dir())
    with tempfile.TemporaryDirectory() as scratch:
        own = folder_of([path for path in speakers if path.name in OWN], Path(scratch) / "own")
        others = folder_of([path for path in speakers if path.name not in OWN], Path(scratch) / "others")
        judge, told = judges.selftest(str(own), [str(others)], verbose=False)
        figures = ("spk_acc", "spk_acc_cn", "digit_acc")
        rows = [{"recipe": name} | {figure: told[row][figure] for figure in figures} for row, name in ROWS.items()]
        left = []
        for recipe in options.recipes.split(","):
            name = recipe + (f", {options.content} numbers" if options.content else "")
            began = time.process_time()  # of all threads: others may be at work on the machine
            more = {
                name: value for name in ("steps", "width", "content") if (value := getattr(options, name)) is not None
            }
            if options.load:
                converter = isthmus.load(options.models / name)
            elif recipe == "plain":
                converter = Plain(random_state=0, **more).fit(others)
            else:
                converter = VoiceConverter(recipe, random_state=0, **more).fit(others)
            minutes = (time.process_time() - began) / 60
            if options.models and recipe != "plain" and not options.load:
                converter.save(options.models / name)
            asked = pairs(own, options.pairs)
            began, said = time.perf_counter(), []
            for content, voice, _, _ in asked:
                said.append(converter.convert(content=content, voice=voice)[0])
            seconds = time.perf_counter() - began
            found = judge.judge(said, [target for _, _, target, _ in asked], [digit for _, _, _, digit in asked])
            row = {"recipe": name} | {figure: found[figure] for figure in figures}
            row |= {} if options.load else {"minutes": minutes, "steps": converter.steps}
            row |= {"times real time": sum(map(len, said)) / converter.input_.rate / seconds}
            rows.append(row)
            left.append({"recipe": name} | probes(converter, own))
            print(row, left[-1], flush=True)
            save(kept, {"judge": merged(kept, "judge", rows), "probes": merged(kept, "probes", left)})
    print_table(rows, "8 speakers never heard")
    print_table(left, "what a fresh probe reads (chance: speaker .125, digit .1)")


if __name__ == "__main__":
    main()
