"""What the anomaly detector does with pictures: four measurements, and how surprising each is.

    restored    how much of the picture does not come through a narrow auto-encoder of all of it
    code        how far its code is from the codes of normal pictures
    places      how far its patches are from those of normal pictures at the same place: most of them, and the worst
    textures    how far the mixture of strokes all over it is from theirs

Small pictures (digits, clothes, icons) are one thing each, seen whole: the surprises add up. In large ones (faces,
products, textures) no narrow code has room for every part: the auto-encoder says what was expected, and what decides
is either most places and the textures, by the picture as it is, or the worst place, by the logarithm of light, in
which exposure is a constant and a dark flaw is large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
from isthmus.recipes.local_codes import LocalCodes, NormalLaws
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


def _as_it_is(x: Tensor) -> Tensor:
    return x


def _in_logarithms(x: Tensor) -> Tensor:
    return (x + DARK).log()


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look at the patches of a picture, and what is taken from it."""

    light: Callable[[Tensor], Tensor]
    side: int  # of a patch, pixels
    takes: tuple[str, ...]  # "most" places, the "worst" one, the "texture", the "map"
    fine: bool = False  # codes of as many numbers as there can be: they tell where, and not so well whether

    @property
    def measures(self) -> bool:
        """Whether it has a say in how odd a picture is."""
        return self.takes != ("map",)


SMALL_LOOKS = [Look(light, 17, ("most", "worst", "texture", "map")) for light in (_as_it_is, _in_logarithms)]
LARGE_LOOKS = [
    Look(_as_it_is, 17, ("most",)),
    Look(_in_logarithms, 17, ("worst",)),
    Look(_as_it_is, 33, ("most",)),
    Look(_in_logarithms, 9, ("worst",)),
    Look(_as_it_is, 5, ("texture",)),
    Look(_as_it_is, 9, ("texture",)),
    Look(_in_logarithms, 33, ("map",), fine=True),
]
FINE, PICTURES_A_NUMBER = 100, 3  # numbers of a fine code
AT_ONCE = 64  # pictures whose patches are held
PIXELS = 64  # a side, of a left-out picture, that the law of the map is learned from


@dataclass(frozen=True, slots=True)
class PictureReason:
    """Why a picture is as odd as it is.

    Attributes
    ----------
    name : str
    score : float
        Minus its nats.
    heat : array (H, W) float32
        How surprising each pixel and its surroundings are, nats: as high in two pictures is as odd.
    seen, expected : arrays uint8 (H, W) or (H, W, 3)
        The picture in the model's frame, and what the model makes of it.
    """

    name: str
    score: float
    heat: np.ndarray
    seen: np.ndarray
    expected: np.ndarray


class Usual(nn.Module):
    """Nats a pixel under exponential laws, whose means are what is usual; of several kinds, their mean.

    Parameters
    ----------
    kinds : int
    """

    mean: Tensor

    def __init__(self, kinds: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.ones(kinds))

    def learn(self, found: Tensor) -> None:
        """Take the means of (n, H, W, kinds)."""
        self.mean = found.mean((0, 1, 2)).clamp(min=LEAST)

    def forward(self, found: Tensor) -> Tensor:
        """(n, H, W, kinds) -> nats (n, H, W)."""
        return (found / self.mean).mean(3)


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
        self.looks = SMALL_LOOKS if self.small else LARGE_LOOKS
        self._place(
            LocalCodes(frame.shape, number, patch=look.side)
            for number, look in zip(numbers or [1] * len(self.looks), self.looks, strict=True)
        )
        self.surprise = Surprise(3) if self.small else Surprise(2, largest=1)
        self.usual = Usual(2 if self.small else 1)

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
            raise DataError("1 picture is too few to learn from: fit needs at least 2")
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            judge = cls(pictures.frame, latent=latent, width=width)
            order = torch.randperm(len(pictures))
            count = len(pictures) - min(max(1, round(len(pictures) * LEFT_OUT)), MOST_LEFT_OUT)
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
            fine = min(FINE, len(some) // PICTURES_A_NUMBER)
            lit = [partial(_lit, some, look.light) for look in self.looks]
            self._place(
                LocalCodes.fitting(len(some), batches, patch=look.side, numbers=fine if look.fine else None)
                for batches, look in zip(lit, self.looks, strict=True)
            )
            for batches, places, textures in zip(lit, self.places, self.textures, strict=True):
                if textures is not None:
                    textures.learn(places.whitened(part) for batch in batches() for part in batch.split(AT_ONCE))
            step = max(1, max(self.frame.height, self.frame.width) // PIXELS)
            self.usual.learn(over(left_out, lambda x: self._spots(x)[:, ::step, ::step]))
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
                heats = self.usual(self._spots(x))
            for heat, total, seen, instead in zip(heats, self._total(nats), to_arrays(x), expected, strict=True):
                name = pictures.names[len(reasons)]
                reasons.append(PictureReason(name, -float(total), heat.numpy(), seen, instead))
        return reasons

    def embed(self, X: Any) -> np.ndarray:
        """Return the codes of pictures, (N, members * latent)."""
        return over(self.open(X), lambda x: self.model.embed(Batch(x))).numpy()

    def _measured(self, x: Tensor) -> Tensor:
        return torch.cat([self._measurements(part) for part in x.split(AT_ONCE)])

    def _measurements(self, x: Tensor) -> Tensor:
        """(n, C, H, W) -> (n, measurements), logarithms of squares.

        Of small pictures: not restored, code, places and textures; of large ones: most places and textures, the worst
        place.
        """
        taken: dict[str, list[Tensor]] = {"most": [], "worst": [], "texture": []}
        for look, places, textures in zip(self.looks, self.places, self.textures, strict=True):
            if not look.measures:
                continue
            whitened = places.whitened(look.light(x))
            apart = (whitened.square().sum(2) + LEAST).log()
            if "most" in look.takes:
                taken["most"].append(apart.mean(1))
            if "worst" in look.takes:
                taken["worst"].append(apart.amax(1))
            if textures is not None:
                taken["texture"].append((textures(whitened) + LEAST).log())
        usual = taken["most"] + taken["texture"]
        if not self.small:
            return torch.stack([_mean(usual), _mean(taken["worst"])], 1)
        error = (self._error(x).mean((1, 2)) + LEAST).log()
        code = (self.codes(self.model.embed(Batch(x))[:, None])[:, 0] + LEAST).log()
        return torch.stack([error, code, _mean(usual + taken["worst"])], 1)

    def _place(self, places: Iterable[LocalCodes]) -> None:
        self.places = list(places)
        self.textures = [
            Textures(codes.numbers) if "texture" in look.takes else None
            for codes, look in zip(self.places, self.looks, strict=True)
        ]

    def _total(self, nats: Tensor) -> Tensor:
        """Combine the nats of the measurements, (n, measurements) -> (n,)."""
        return nats[:, 0] + BESIDE * (nats[:, 1] + nats[:, 2]) if self.small else nats.amax(1)

    def _spots(self, x: Tensor) -> Tensor:
        """(n, C, H, W) -> (n, H, W, kinds): how far out a pixel's surroundings are, and in small pictures its error.

        In small pictures an odd place stands out, and the many usual ones around it do not add up; in large ones all
        of a wide area that is a little out has to show.
        """
        shown = [
            places.spread(found.square()) if self.small else places.spread((found + LEAST).log()).exp()
            for look, places in zip(self.looks, self.places, strict=True)
            if "map" in look.takes
            for found in [places(look.light(x))]
        ]
        return torch.stack([_mean(shown), *([self._error(x)] if self.small else [])], 3)

    def _error(self, x: Tensor) -> Tensor:
        """Return the squared blurred error, summed over channels, (n, H, W)."""
        error = x - self.model.reconstruct(Batch(x))
        return F.avg_pool2d(error, 3, 1, 1).square().sum(1)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes, tensors aside."""
        numbers = [places.numbers for places in self.places]
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
        with rebuilding(tensors):
            numbers = [min(int(number), FINE) for number in data["numbers"]]
            sizes = {name: int(data[name]) for name in ("latent", "width")}
            judge = cls(Frame(**data["frame"]), **sizes, numbers=numbers)
            judge._parts().load_state_dict(tensors)
        judge.model.eval().requires_grad_(False)
        return judge

    def _parts(self) -> nn.ModuleDict:
        return nn.ModuleDict(
            {
                "model": self.model, "codes": self.codes, "surprise": self.surprise, "usual": self.usual,
                "places": nn.ModuleList(self.places),
                "textures": nn.ModuleList(textures for textures in self.textures if textures is not None),
            }
        )  # fmt: skip


def _lit(pictures: Pictures, light: Callable[[Tensor], Tensor]) -> Iterator[Tensor]:
    return map(light, pictures.batches())


def _mean(parts: list[Tensor]) -> Tensor:
    return torch.stack(parts).mean(0)
