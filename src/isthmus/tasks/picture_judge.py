"""What the anomaly detector does with pictures: four measurements, and how surprising each is.

    restored    how much of the picture does not come through a narrow auto-encoder of all of it
    code        how far its code is from the codes of normal pictures
    places      how far its patches are from those of normal pictures at the same place: most of them by the picture as
                it is, the worst by the logarithm of light, in which exposure is a constant and a dark flaw is large
    textures    how far the mixture of fine strokes all over it is from theirs (large pictures only); beside "most"

Small pictures (digits, clothes, icons) are one thing each, seen whole: the surprises add up. In large ones (faces,
products, textures) no narrow code has room for every part: the places decide, and the auto-encoder says what was
expected instead.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.code import Batch
from isthmus.errors import DataError
from isthmus.kinds.images import Frame, Pictures, open_pictures, to_arrays
from isthmus.recipes.committee import Committee
from isthmus.recipes.inpainting import inpainting
from isthmus.recipes.local_codes import MOST_NUMBERS, LocalCodes, NormalLaws
from isthmus.recipes.textures import Textures
from isthmus.store import rebuilding
from isthmus.tasks.inputs import PictureInput
from isthmus.tasks.learned import over
from isthmus.tasks.surprise import Surprise
from isthmus.training.history import History
from isthmus.training.loop import train
from isthmus.training.samples import Viewed
from isthmus.training.settings import Settings
from isthmus.training.threads import one_thread

__all__ = ["PictureJudge", "PictureReason"]

LEFT_OUT, MOST_LEFT_OUT = 1 / 6, 300  # share of the pictures to calibrate on, and how many are enough: others teach
MOST_PLACED = 4000  # pictures that the laws of places are learned from
SMALL = 48  # pixels; a picture with a shorter side is seen whole
BESIDE = 0.5  # what the surprises of the code and of the places count beside that of what is not restored
LEAST = 1e-4  # mean square of a restored pixel's error: no picture is restored more exactly
SMALL_STEPS, LARGE_STEPS = 2000, 600  # of training; in large pictures the networks only draw what was expected
MEMBERS = 3  # networks that see a small picture; of one alone, the seed decides on as much as .03 of AUROC
DARK = 0.05  # share of white below which light is not told apart


def _in_logarithms(x: Tensor) -> Tensor:
    return (x + DARK).log()


@dataclass(frozen=True, slots=True)
class Sides:
    """Sides of patches, pixels, for each way to look at pictures of one size."""

    most: tuple[int, ...]
    worst: tuple[int, ...]
    textures: tuple[int, ...]


IN_SMALL, IN_LARGE = Sides((17,), (17,), ()), Sides((17, 33), (9, 17), (5, 9))


@dataclass(frozen=True, slots=True)
class PictureReason:
    """Why a picture is as odd as it is.

    Attributes
    ----------
    name : str
    score : float
        Minus its nats.
    heat : array (H, W) float32
        Nats a pixel; they add up to minus the score.
    seen, expected : arrays uint8 (H, W) or (H, W, 3)
        The picture in the model's frame, and what the model makes of it.
    """

    name: str
    score: float
    heat: np.ndarray
    seen: np.ndarray
    expected: np.ndarray


class PictureJudge:
    """What is known of normal pictures in one frame.

    Parameters
    ----------
    frame : Frame
    latent, width : int
        Of the networks; see `inpainting`.
    numbers : sequence of int
        Of the local codes of each kind of places; until they are learned, none is needed.
    """

    def __init__(self, frame: Frame, *, latent: int, width: int, numbers: Sequence[int] | None = None) -> None:
        self.frame, self.latent, self.width = frame, latent, width
        self.small = min(frame.height, frame.width) < SMALL
        members = MEMBERS if self.small else 1
        self.model = Committee([inpainting(frame.shape, latent=latent, width=width) for _ in range(members)])
        self.codes = NormalLaws(1, latent * members)
        self.sides = IN_SMALL if self.small else IN_LARGE
        left = iter(numbers or itertools.repeat(1))
        self.most = [LocalCodes(frame.shape, next(left), patch=side) for side in self.sides.most]
        self.worst = [LocalCodes(frame.shape, next(left), patch=side) for side in self.sides.worst]
        self.textures = [Textures(frame.shape, next(left), patch=side) for side in self.sides.textures]
        self.surprise = Surprise(4 if self.small else 2, largest=1)

    @classmethod
    def learn(
        cls, X: Any, *, steps: int | None = None, latent: int = 32, width: int = 512, seed: int = 0,
        log_dir: str | Path | None = None, checkpoint: str | Path | None = None, progress: bool = False,
    ) -> tuple[PictureJudge, int, np.ndarray, History]:  # fmt: skip
        """Train on five sixths of the pictures, or all but 300, and calibrate on the others.

        Returns
        -------
        judge : PictureJudge
        count : int
            Pictures there were.
        calibration : array
            Sorted scores of the pictures left out.
        history : History

        Raises
        ------
        DataError
            If there are fewer than two pictures, or one cannot be read.
        """
        pictures = open_pictures(X)
        if len(pictures) < 2:
            raise DataError(f"there is {len(pictures)} picture (n_samples={len(pictures)}); fit needs at least 2")
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            judge = cls(pictures.frame, latent=latent, width=width)
            order = torch.randperm(len(pictures))
            count = max(1, len(pictures) - min(round(len(pictures) * LEFT_OUT), MOST_LEFT_OUT))
            steps = steps or (SMALL_STEPS if judge.small else LARGE_STEPS)
            held, taught = PictureInput(pictures.frame), pictures.part(order[:count])
            settings = Settings(
                steps=steps, batch_size=128, learning_rate=1e-3, warmup=min(100, steps), seed=seed,
                evaluate_every=max(steps // 20, 1), log_dir=log_dir, checkpoint=checkpoint, progress=progress,
                title="learning what is normal", **held.pace(),
            )  # fmt: skip
            history = train(judge.model, Viewed(taught, held.shifts()), settings=settings)
            judge.model.eval().requires_grad_(False)
            nats = judge._calibrate(taught, pictures.part(order[count:]))
        if checkpoint is not None:
            Path(checkpoint).unlink(missing_ok=True)
        return judge, len(pictures), np.sort(-judge._total(nats).double().numpy()), history

    def _calibrate(self, taught: Pictures, left_out: Pictures) -> Tensor:
        """Learn the laws of codes and places, and return the left-out pictures' nats, (n, measurements)."""
        with one_thread(), torch.no_grad():
            if self.small:
                self.codes.learn([over(taught, lambda x: self.model.embed(Batch(x)))[:, None]])
            some = taught.part(torch.arange(min(len(taught), MOST_PLACED)))
            as_it_is, sides = some.batches, self.sides
            self.most = [LocalCodes.fitting(len(some), as_it_is, patch=side) for side in sides.most]
            self.worst = [LocalCodes.fitting(len(some), partial(_lit, some), patch=side) for side in sides.worst]
            self.textures = [Textures.fitting(len(some), as_it_is, patch=side) for side in sides.textures]
        return self.surprise.learn(over(left_out, self._measured))

    def open(self, X: Any) -> Pictures:
        """Return pictures in the model's frame."""
        return open_pictures(X, self.frame)

    def score(self, X: Any) -> np.ndarray:
        """Return minus the nats of each picture."""
        return -self._total(self.surprise(over(self.open(X), self._measured))).double().numpy()

    def explain(self, X: Any) -> list[PictureReason]:
        """Return where each picture is odd, and what was expected instead."""
        pictures = self.open(X)
        reasons: list[PictureReason] = []
        for x in pictures.batches():
            with torch.inference_mode():
                nats = self.surprise(self._measured(x))
                expected = to_arrays(self.model.reconstruct(Batch(x)))
                maps = self._maps(x, nats)
            for heat, total, seen, instead in zip(maps, self._total(nats), to_arrays(x), expected, strict=True):
                name = pictures.names[len(reasons)]
                nats_a_pixel = heat * (total / heat.sum().clamp(min=1e-12))
                reasons.append(PictureReason(name, -float(total), nats_a_pixel.numpy(), seen, instead))
        return reasons

    def embed(self, X: Any) -> np.ndarray:
        """Return the codes of pictures, (N, members * latent)."""
        return over(self.open(X), lambda x: self.model.embed(Batch(x))).numpy()

    def _measured(self, x: Tensor) -> Tensor:
        """(n, C, H, W) -> (n, measurements), logarithms of squares: most places and the textures, the worst place.

        Of small pictures also, before them: not restored, code.
        """
        usual = [(places(x) + LEAST).log().mean((1, 2)) for places in self.most]
        usual += [(textures(x) + LEAST).log() for textures in self.textures]
        light = _in_logarithms(x)
        worst = [(places(light).amax((1, 2)) + LEAST).log() for places in self.worst]
        measured = [torch.stack(usual).mean(0), torch.stack(worst).mean(0)]
        if self.small:
            code = self.codes(self.model.embed(Batch(x))[:, None])[:, 0]
            measured = [(self._error(x).mean((1, 2)) + LEAST).log(), (code + LEAST).log(), *measured]
        return torch.stack(measured, 1)

    def _total(self, nats: Tensor) -> Tensor:
        """Combine the nats of the measurements, (n, measurements) -> (n,)."""
        places = nats[:, -2:].amax(1)
        return nats[:, 0] + BESIDE * (nats[:, 1] + places) if self.small else places

    def _maps(self, x: Tensor, nats: Tensor) -> Tensor:
        """Return where the larger part of the nats lies, (n, H, W)."""
        most, worst = nats[:, -2:, None, None].unbind(1)
        shown = []
        for places, light in ((self.most[0], x), (self.worst[-1], _in_logarithms(x))):
            found = places(light).square()  # an odd place stands out, the many usual ones do not add up
            shown.append(places.spread(found / found.sum((1, 2), keepdim=True).clamp(min=1e-12)))
        local = torch.where(most > worst, shown[0], shown[1])
        if not self.small:
            return local
        error = self._error(x)
        error = error / error.sum((1, 2), keepdim=True).clamp(min=1e-12)
        return nats[:, :1, None] * error + BESIDE * torch.maximum(most, worst) * local

    def _error(self, x: Tensor) -> Tensor:
        """Return the squared blurred error, summed over channels, (n, H, W)."""
        error = x - self.model.reconstruct(Batch(x))
        return F.avg_pool2d(error, 3, 1, 1).square().sum(1)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes, tensors aside."""
        numbers = [part.numbers for part in (*self.most, *self.worst, *self.textures)]
        return {"frame": self.frame.to_json(), "latent": self.latent, "width": self.width, "numbers": numbers}

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights and the laws."""
        return dict(self._parts().state_dict())

    @classmethod
    def from_json(cls, data: Any, tensors: dict[str, Tensor]) -> PictureJudge:
        """Rebuild the judge.

        Raises
        ------
        ModelError
            If the parts do not fit each other.
        """
        with rebuilding():
            numbers = [min(int(number), MOST_NUMBERS) for number in data["numbers"]]
            sizes = {name: int(data[name]) for name in ("latent", "width")}
            judge = cls(Frame(**data["frame"]), **sizes, numbers=numbers)
            judge._parts().load_state_dict(tensors)
        judge.model.eval().requires_grad_(False)
        return judge

    def _parts(self) -> nn.ModuleDict:
        return nn.ModuleDict(
            {
                "model": self.model, "codes": self.codes, "surprise": self.surprise,
                "most": nn.ModuleList(self.most), "worst": nn.ModuleList(self.worst),
                "textures": nn.ModuleList(self.textures),
            }
        )  # fmt: skip


def _lit(pictures: Pictures) -> Iterator[Tensor]:
    return map(_in_logarithms, pictures.batches())
