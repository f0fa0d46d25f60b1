"""De-noising beside the classical filters: python benchmarks/restoring.py [--photos] [--steps 1500] [--width 32]

Digits of MNIST with half of the pixels salt and pepper, and with Gaussian noise of σ = .5; with --photos, photos of
Kodak at σ = 25 after training on those of BSDS (scikit-image and bm3d stand beside it where they are installed).
PSNR in dB, the mean over the pictures, each rounded to 8 bits as a file would keep it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import median_filter

import isthmus
from common import DATA, print_table, save
from isthmus import Denoiser

DIGITS = 500
STRENGTHS = (0.1, 0.15, 0.2, 0.3, 0.4, 0.8)  # of non-local means


def psnr(pictures: list[np.ndarray] | np.ndarray, clean: list[np.ndarray] | np.ndarray) -> float:
    kept = [np.clip(np.rint(np.asarray(picture, float)), 0, 255) for picture in pictures]
    errors = [((a - b) ** 2).mean() for a, b in zip(kept, clean, strict=True)]
    return float(np.mean([10 * np.log10(255**2 / error) for error in errors]))


def best_non_local_means(pictures: np.ndarray, clean: np.ndarray) -> dict[str, float]:
    """With the strength that is best for these very pictures, which nobody would know."""
    try:
        from skimage.restoration import denoise_nl_means
    except ImportError:
        return {}
    found = [psnr([denoise_nl_means(p / 255.0, h=h, patch_size=5) * 255 for p in pictures], clean) for h in STRENGTHS]
    return {"non-local means at their best": max(found)}


def digits(steps: int) -> list[dict]:
    with np.load(DATA / "mnist" / "mnist.npz") as data:
        train, clean = data["x_train"], data["x_test"][:DIGITS]
    chance = np.random.default_rng(0)
    spoiled = clean.copy()
    where = chance.random(clean.shape) < 0.5
    spoiled[where] = 255 * (chance.random(clean.shape) < 0.5)[where]
    noisy = np.clip(np.rint(clean + chance.normal(0, 127.5, clean.shape)), 0, 255).astype(np.uint8)
    rows = []
    for noise, pictures in (("salt-and-pepper", spoiled), ("gaussian", noisy)):
        began = time.perf_counter()
        task = Denoiser(noise, 0.5, steps=steps, cut=28, random_state=0).fit(train)
        minutes = (time.perf_counter() - began) / 60
        row = {
            "pictures": f"MNIST, {noise} .5",
            "spoiled": psnr(pictures, clean),
            "ours": psnr(task.restore(pictures), clean),
            "median 3 × 3": psnr([median_filter(picture, 3) for picture in pictures], clean),
            "minutes": minutes,
        }
        row |= best_non_local_means(pictures, clean)
        rows.append(row)
        print(row, flush=True)
    return rows


def photos(steps: int, width: int, model: Path | None) -> list[dict]:
    chance = np.random.default_rng(0)
    clean = [np.asarray(Image.open(path).convert("RGB")) for path in sorted((DATA / "kodak").glob("*.png"))]
    noisy = [np.clip(np.rint(p + chance.normal(0, 25, p.shape)), 0, 255).astype(np.uint8) for p in clean]
    minutes = None
    if model and model.exists():
        task = isthmus.load(model)
    else:
        began = time.perf_counter()
        task = Denoiser("gaussian", 25 / 255, steps=steps, width=width, random_state=0).fit(DATA / "bsds" / "train")
        minutes = (time.perf_counter() - began) / 60
        if model:
            task.save(model)
    row = {"pictures": "Kodak, σ = 25", "spoiled": psnr(noisy, clean), "ours": psnr(task.restore(noisy), clean)}
    row["ours, thorough"] = psnr(task.restore(noisy, thorough=True), clean)
    row["minutes"] = minutes
    try:
        from skimage.restoration import denoise_nl_means, denoise_wavelet

        def nlm(p: np.ndarray) -> np.ndarray:
            return denoise_nl_means(p / 255.0, h=0.6 * 25 / 255, sigma=25 / 255, channel_axis=2) * 255

        def wavelet(p: np.ndarray) -> np.ndarray:
            return denoise_wavelet(p / 255.0, sigma=25 / 255, channel_axis=2, convert2ycbcr=True) * 255

        row |= {"non-local means": psnr([nlm(p) for p in noisy], clean)}
        row |= {"wavelets": psnr([wavelet(p) for p in noisy], clean)}
    except ImportError:
        pass
    try:
        from bm3d import bm3d_rgb

        row |= {"BM3D": psnr([bm3d_rgb(p / 255.0, 25 / 255) * 255 for p in noisy], clean)}
    except ImportError:
        pass
    return [row]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", action="store_true")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--width", type=int, default=32, help="channels of the network for photos")
    parser.add_argument("--model", type=Path, help="folder to keep the network for photos in, or to take it from")
    options = parser.parse_args()
    if options.photos:
        name, rows = "photos", photos(options.steps, options.width, options.model)
    else:
        name, rows = "digits", digits(options.steps)
    print_table(rows, "PSNR, dB")
    save(f"restoring_{name}", rows)


if __name__ == "__main__":
    main()
