"""Running speech, English to Japanese and back: python benchmarks/running_speech.py [--model FOLDER] [--pairs 60]

First the two measures are tried on real speech: the content distance between the same sentence by two people (TIMIT's
sa sentences), a recording and itself through Griffin-Lim, and two sentences; the likeness of voices with its equal
error rate on people not heard in training. Then conversions by the bundled model (learned from English alone) between
LibriSpeech, VCTK, Common Voice (Japanese) and TIMIT speakers are judged by both, with the speed on one core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

import isthmus
from common import DATA, print_table, save
from isthmus import VoiceConverter
from isthmus.kinds import speech
from isthmus.tasks.verifier import equal_error_rate, likeness, style_of
from isthmus.tasks.voice_comparison import content_distance

ENGLISH, JAPANESE, LABELLED = "vctk_sample", "ja_common_voice", "timit_sample"


def takes(corpus: str) -> list[speech.Take]:
    return speech.find(DATA / "speech" / corpus)


def validated(converter: VoiceConverter, count: int) -> list[dict]:
    """What the content distance is where the answer is known."""
    heard = converter.input_
    by_sentence: dict[str, list[Path]] = {}
    for take in takes(LABELLED):
        by_sentence.setdefault(take.path.stem, []).append(take.path)
    same = [paths for paths in by_sentence.values() if len(paths) > 1]
    every = [path for paths in by_sentence.values() for path in paths]
    chance, found = np.random.default_rng(0), {"the same through Griffin-Lim": [], "same sentence, two people": []}
    found["another sentence"] = []

    def mel(path: Path) -> torch.Tensor:
        return heard.frames_of(heard.take(path))

    for _ in range(count):
        one, other = chance.choice(len(same[pick := chance.integers(len(same))]), 2, replace=False)
        first, second = same[pick][one], same[pick][other]
        found["same sentence, two people"].append(content_distance(mel(first), mel(second)))
        again = heard.restored(heard.take(first), lambda frames: frames)
        found["the same through Griffin-Lim"].append(content_distance(mel(first), heard.frames_of(again)))
        while True:
            third = every[chance.integers(len(every))]
            if third.stem != first.stem:
                break
        found["another sentence"].append(content_distance(mel(first), mel(third)))
    return [
        {"content distance": name, "mean": float(np.mean(values)), "deviation": float(np.std(values))}
        for name, values in found.items()
    ]


def speed(converter: VoiceConverter) -> dict[str, float]:
    """Seconds of sound a second of one processor converts, with Griffin-Lim and without."""
    recordings = [speech.read(take.path) for take in takes("librispeech_test_other")[:12]]
    sound, voice = np.concatenate(recordings), recordings[0]
    found = {}
    for name in ("with Griffin-Lim", "mel frames alone"):
        if name == "mel frames alone":
            converter._sound = lambda mel: np.ones(mel.shape[1] * 200, np.float32)
        began = time.process_time()
        for _ in converter.converted(content=sound, voice=voice):
            pass
        found[name] = len(sound) / converter.input_.rate / (time.process_time() - began)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--pairs", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)
    converter = isthmus.load(options.model) if options.model else VoiceConverter.bundled()
    heard = converter.input_
    known = validated(converter, options.pairs)
    print_table(known, "the measure of content, where the answer is known")
    labelled = takes(LABELLED)
    names = sorted({take.speaker for take in labelled})
    mels = [heard.frames_of(heard.take(take.path)) for take in labelled]
    rate = equal_error_rate(converter.verifier_, mels, [names.index(take.speaker) for take in labelled])
    print(f"equal error rate of the judge of voices: {rate:.3f} on TIMIT, {converter.equal_error_rate_} on its own")
    chance, rows = np.random.default_rng(0), []
    for source, target in ((ENGLISH, JAPANESE), (JAPANESE, ENGLISH), (LABELLED, LABELLED)):
        judged, seconds, sound = [], 0.0, 0.0
        for _ in range(options.pairs):
            while True:
                content, voice = (group[chance.integers(len(group))] for group in (takes(source), takes(target)))
                if content.speaker != voice.speaker:
                    break
            began = time.perf_counter()
            made, _ = converter.convert(content=content.path, voice=voice.path)
            seconds += time.perf_counter() - began
            sound += len(made) / heard.rate
            frames = [heard.frames_of(part) for part in (heard.take(content.path), heard.take(voice.path), made)]
            styles = [style_of(converter.verifier_, part) for part in frames]
            judged.append(
                (
                    likeness(styles[0], styles[1]), likeness(styles[2], styles[1]), likeness(styles[2], styles[0]),
                    content_distance(frames[0], frames[2]),
                )
            )  # fmt: skip
        before, target_like, source_like, distance = np.mean(judged, 0)
        nearer = np.mean([row[1] > row[2] for row in judged])
        rows.append(
            {
                "from, to": f"{source} -> {target}", "source like target": float(before),
                "result like target": float(target_like), "result like source": float(source_like),
                "nearer to the target": float(nearer), "content distance": float(distance),
                "times real time": sound / seconds,
            }
        )  # fmt: skip
        print(rows[-1], flush=True)
    print_table(rows, "conversions")
    fast = speed(converter)
    print_table([fast], "times real time, processor time")
    save("running_speech", {"content": known, "equal error rate": rate, "conversions": rows, "speed": fast})


if __name__ == "__main__":
    main()
