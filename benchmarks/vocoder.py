"""From mel frames back to sound: python benchmarks/vocoder.py [--steps 9000] [--critics 0]

A vocoder learns from LibriSpeech and VCTK and gives sound to the frames of TIMIT recordings that nobody taught it. It
stands beside Griffin-Lim's algorithm in 32 and 8 rounds, and before 8 that begin with its phases. PESQ (wide band,
of the package pesq, in benchmarks/requirements.txt), the vocoder's own distance of spectra, the mean absolute error of
log-mel frames in nats, and how many seconds of sound a second of processor time makes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from pesq import pesq

from common import DATA, print_table, save
from isthmus.kinds import speech
from isthmus.recipes.vocoder import Spectra, vocoder
from isthmus.tasks.speech_input import SpeechInput
from isthmus.training.loop import train
from isthmus.training.settings import Settings, usual_precision
from isthmus.training.takes import Waves

LEARNED_FROM, JUDGED_ON, EVERY = ("librispeech_one_utt", "librispeech_test_other", "vctk_sample"), "timit_sample", 4
CROP = 8000  # samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=9000, help="by the spectra alone")
    parser.add_argument("--critics", type=int, default=0, help="steps more with critics")
    options = parser.parse_args()
    torch.set_num_threads(1)
    heard, apart = SpeechInput(), Spectra()
    front = heard.front
    sounds = [
        torch.from_numpy(heard.take(take.path))
        for corpus in LEARNED_FROM
        for take in speech.find(DATA / "speech" / corpus)
    ]
    model, began = None, time.perf_counter()
    for critics, steps, rate in ((False, options.steps, 1e-3), (True, options.critics, 5e-4)):
        if not steps:
            continue
        torch.manual_seed(0)
        before, model = model, vocoder(front, adversarial=critics)
        if before is not None:
            model.load_state_dict(before.state_dict(), strict=False)
        settings = Settings(
            steps=steps, batch_size=16, learning_rate=rate, betas=(0.8, 0.99), warmup=min(100, steps), threads=1,
            precision=usual_precision(),
        )  # fmt: skip
        train(model, Waves(sounds, CROP), settings=settings)
    minutes = (time.perf_counter() - began) / 60
    model.eval()
    ways: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "Griffin-Lim, 32 rounds": front.invert,
        "Griffin-Lim, 8 rounds": lambda mel: front.invert(mel, rounds=8),
        "vocoder": model.decode,
        "vocoder, then 8 rounds": lambda mel: front.invert(mel, rounds=8, like=model.decode(mel)),
        "vocoder, then 32 rounds": lambda mel: front.invert(mel, like=model.decode(mel)),
    }
    rows = []
    for name, way in ways.items():
        figures, spent, seconds = [], 0.0, 0.0
        for take in speech.find(DATA / "speech" / JUDGED_ON)[::EVERY]:
            real = torch.from_numpy(heard.take(take.path))[None]
            with torch.inference_mode():
                mel = front(real)
                at = time.process_time()
                made = way(mel)
                spent, seconds = spent + time.process_time() - at, seconds + real.shape[1] / heard.rate
                both = min(real.shape[1], made.shape[1])
                real, made = real[:, :both], made[:, :both]
                off = float((front(made) - front(real)).abs().mean())
                figures.append(
                    (pesq(heard.rate, real[0].numpy(), made[0].numpy(), "wb"), apart(made, real) / both, off)
                )
        quality, spectra, off = np.mean([[float(value) for value in row] for row in figures], 0)
        row = {"sound by": name, "PESQ": quality, "spectra, nats a sample": spectra, "mel": off}
        rows.append(row | {"times real time": seconds / spent, "minutes of training": minutes})
    print_table(rows, f"{options.steps} steps, {options.critics} with critics")
    save("vocoder", rows)


if __name__ == "__main__":
    main()
