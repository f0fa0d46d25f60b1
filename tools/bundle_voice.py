"""Build the voice model that comes with the package: python tools/bundle_voice.py [--recipe adain] [--steps 6000].

It learns from recordings that may be passed on, with their credit in NOTICE: LibriSpeech and VCTK (CC BY 4.0), found in
the folder ISTHMUS_DATA/speech. About 20 minutes of one processor core. Nearly all of its speakers are heard in one
recording, so the error rate of its judge of voices is measured on people of TIMIT, where a sample of it is there, too;
nothing is learned from them.

With --told-anew the networks stay as they are, and what the folder says of them is written again: the error rate, and
the card with the figures of benchmarks/running_speech.py, once that has measured this model.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import isthmus
from isthmus import VoiceConverter
from isthmus.kinds import speech
from isthmus.tasks.verifier import equal_error_rate

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("ISTHMUS_DATA", ROOT.parent / "shared" / "data"))
CORPORA = ("librispeech_one_utt", "librispeech_test_other", "vctk_sample")
OTHERS = "timit_sample"
RESULTS = ROOT / "benchmarks" / "results" / "running_speech.json"
CARD = """
It says what one recording says in the voice of another: `isthmus voice convert bundled`, or
`VoiceConverter.bundled()`.

**Have the consent of whoever speaks in the voice you convert to.** Files that it converts carry a note that they were;
`isthmus voice inspect` shows it.

## What it learned from

{speakers} people who read English aloud, of two corpora that are not part of this package:

- LibriSpeech ASR corpus (V. Panayotov, G. Chen, D. Povey, S. Khudanpur), https://www.openslr.org/12, CC BY 4.0
- CSTR VCTK Corpus (C. Veaux, J. Yamagishi, K. MacDonald), https://doi.org/10.7488/ds/2645, CC BY 4.0

The networks are under the licence of the package, Apache 2.0. `make voice` builds them anew.
"""
JUDGE = """
## How good it is

The judge that tells voices apart errs in {rate:.1%} of pairs (equal error rate), measured on
{judged_on}.
"""
NAMES = {"vctk_sample": "VCTK", "ja_common_voice": "Japanese (Common Voice)", "timit_sample": "TIMIT"}
FIGURES = """
Conversions by `benchmarks/running_speech.py`. It learned from the two people of VCTK, and from none of the others.
Likeness is from -1 to 1, the same voice. The words of the same sentence by two people differ by {same:.2f}, those of
another sentence by {other:.2f}.

| from, to | likeness to the target, before | after | the words moved by |
|---|---|---|---|
{rows}
"""


def main() -> None:
    """Train, and write the model folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="adain")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--out", type=Path, default=ROOT / "src" / "isthmus" / "bundled" / "voice")
    parser.add_argument("--told-anew", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()
    converter = isthmus.load(options.out) if options.told_anew else learned(options)
    if (DATA / "speech" / OTHERS).is_dir():
        converter.equal_error_rate_, converter.judged_on_ = judged(converter)
    converter.save(options.out, half=True)
    (options.out / "README.md").write_text(card(converter), encoding="utf-8")
    minutes, rate = (time.perf_counter() - began) / 60, converter.equal_error_rate_
    print(f"{len(converter.speakers_)} speakers, {minutes:.1f} minutes, equal error rate {rate}: {options.out}")


def learned(options: argparse.Namespace) -> VoiceConverter:
    """Return a converter that has learned from all three corpora."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for corpus in CORPORA:
            for take in speech.find(DATA / "speech" / corpus):
                (folder / f"{corpus}-{take.speaker}").mkdir(exist_ok=True)
                (folder / f"{corpus}-{take.speaker}" / take.path.name).symlink_to(take.path)
        return VoiceConverter(
            options.recipe, steps=options.steps, width=options.width, random_state=0, progress=True
        ).fit(folder)


def judged(converter: VoiceConverter) -> tuple[float | None, str]:
    """Return the error rate of its judge of voices, and on whom it was measured."""
    takes, heard = speech.find(DATA / "speech" / OTHERS), converter.input_
    names = sorted({take.speaker for take in takes})
    mels = [heard.frames_of(heard.take(take.path)) for take in takes]
    rate = equal_error_rate(converter.verifier_, mels, [names.index(take.speaker) for take in takes])
    return rate, f"{len(names)} people of TIMIT, none of whom it has heard"


def card(converter: VoiceConverter) -> str:
    """Return the model's card, with the figures of the benchmark if they are of this very model."""
    text, rate = converter.card() + CARD.format(speakers=len(converter.speakers_)), converter.equal_error_rate_
    if rate is None:
        return text
    text += JUDGE.format(rate=rate, judged_on=converter.judged_on_)
    found = json.loads(RESULTS.read_text(encoding="utf-8"))["result"]
    if abs(found["equal error rate"] - rate) > 1e-6:
        print(f"{RESULTS} is of another model: measure this one, then call this with --told-anew")
        return text
    known = {row["content distance"]: row["mean"] for row in found["content"]}
    rows = [
        f"| {', '.join(NAMES[corpus] for corpus in row['from, to'].split(' -> '))} | {row['source like target']:.2f} "
        f"| {row['result like target']:.2f} | {row['content distance']:.2f} |"
        for row in found["conversions"]
    ]
    return text + FIGURES.format(
        same=known["same sentence, two people"], other=known["another sentence"], rows="\n".join(rows)
    )


if __name__ == "__main__":
    main()
