"""Build the voice model that comes with the package: python tools/bundle_voice.py [--recipe adain] [--steps 6000].

It learns from recordings that may be passed on, with their credit in NOTICE: LibriSpeech and VCTK (CC BY 4.0), found in
the folder ISTHMUS_DATA/speech. About 20 minutes of one processor core.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from isthmus import VoiceConverter
from isthmus.kinds import speech

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("ISTHMUS_DATA", ROOT.parent / "shared" / "data"))
CORPORA = ("librispeech_one_utt", "librispeech_test_other", "vctk_sample")


def main() -> None:
    """Train, and write the model folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="adain")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--out", type=Path, default=ROOT / "src" / "isthmus" / "bundled" / "voice")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for corpus in CORPORA:
            for take in speech.find(DATA / "speech" / corpus):
                (folder / f"{corpus}-{take.speaker}").mkdir(exist_ok=True)
                (folder / f"{corpus}-{take.speaker}" / take.path.name).symlink_to(take.path)
        began = time.perf_counter()
        converter = VoiceConverter(
            options.recipe, steps=options.steps, width=options.width, random_state=0, progress=True
        ).fit(folder)
    converter.save(options.out, half=True)
    minutes, rate = (time.perf_counter() - began) / 60, converter.equal_error_rate_
    print(f"{len(converter.speakers_)} speakers, {minutes:.1f} minutes, equal error rate {rate}: {options.out}")


if __name__ == "__main__":
    main()
