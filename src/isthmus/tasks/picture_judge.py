"""What the anomaly detector does with pictures: restore them, and look at what did not come through."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from isthmus.code import Batch
from isthmus.errors import DataError
from isthmus.kinds.images import Frame, Pictures, open_pictures, to_arrays
from isthmus.recipes.committee import Committee
from isthmus.recipes.inpainting import inpainting
from isthmus.store import rebuilding
from isthmus.tasks.inputs import PictureInput
from isthmus.tasks.learned import over
from isthmus.training.history import History
from isthmus.training.loop import train
from isthmus.training.samples import Viewed
from isthmus.training.settings import Settings

__all__ = ["PictureJudge", "PictureReason"]

LEFT_OUT, MOST_LEFT_OUT = 1 / 6, 300  # share of the pictures to calibrate on, and how many are enough: others teach
LEAST = 1e-4  # mean square of a restored pixel's error: no picture is restored more exactly


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
    """A committee of auto-encoders of pictures in one frame, and how exactly it restores normal ones.

    Parameters
    ----------
    frame : Frame
    latent, width : int
        Of the networks; see `inpainting`.
    members : int
        How many networks; of one alone, the seed decides on as much as .03 of AUROC.
    """

    def __init__(self, frame: Frame, *, latent: int, width: int, members: int = 3) -> None:
        self.frame, self.latent, self.width, self.members = frame, latent, width, members
        self.model = Committee([inpainting(frame.shape, latent=latent, width=width) for _ in range(members)])
        self.usual = torch.ones(())  # mean square of a blurred error, over pixels of normal pictures

    @classmethod
    def learn(
        cls, X: Any, *, steps: int, latent: int = 32, width: int = 512, seed: int = 0,
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
            held, taught = PictureInput(pictures.frame), pictures.part(order[:count])
            settings = Settings(
                steps=steps, batch_size=128, learning_rate=1e-3, warmup=min(100, steps), seed=seed,
                evaluate_every=max(steps // 20, 1), log_dir=log_dir, checkpoint=checkpoint, progress=progress,
                title="learning what is normal", **held.pace(),
            )  # fmt: skip
            history = train(judge.model, Viewed(taught, held.shifts()), settings=settings)
            judge.model.eval().requires_grad_(False)
            left_out = pictures.part(order[count:])
            judge.usual = over(left_out, lambda x: judge._heat(x).mean((1, 2))).mean().clamp(min=LEAST)
        if checkpoint is not None:
            Path(checkpoint).unlink(missing_ok=True)
        return judge, len(pictures), np.sort(judge.score(left_out)), history

    def open(self, X: Any) -> Pictures:
        """Return pictures in the model's frame."""
        return open_pictures(X, self.frame)

    def score(self, X: Any) -> np.ndarray:
        """Return minus the nats of each picture."""
        return -over(self.open(X), lambda x: self._nats(x).sum((1, 2))).double().numpy()

    def explain(self, X: Any) -> list[PictureReason]:
        """Return where each picture is odd, and what was expected instead."""
        pictures = self.open(X)
        reasons: list[PictureReason] = []
        for x in pictures.batches():
            nats = self._nats(x)
            with torch.inference_mode():
                expected = to_arrays(self.model.reconstruct(Batch(x)))
            for heat, seen, instead in zip(nats, to_arrays(x), expected, strict=True):
                name = pictures.names[len(reasons)]
                reasons.append(PictureReason(name, -float(heat.sum()), heat.numpy(), seen, instead))
        return reasons

    def embed(self, X: Any) -> np.ndarray:
        """Return the codes of pictures, (N, members * latent)."""
        return over(self.open(X), lambda x: self.model.embed(Batch(x))).numpy()

    def _nats(self, x: Tensor) -> Tensor:
        """(n, C, H, W) -> nats a pixel, (n, H, W), under a normal law of the blurred error."""
        return 0.5 * self._heat(x) / self.usual

    def _heat(self, x: Tensor) -> Tensor:
        """Return the squared blurred error, summed over channels, (n, H, W)."""
        with torch.inference_mode():
            error = x - self.model.reconstruct(Batch(x))
            return F.avg_pool2d(error, 3, 1, 1).square().sum(1)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes, tensors aside."""
        return {"frame": self.frame.to_json(), "latent": self.latent, "width": self.width, "members": self.members}

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights and what is usual."""
        return dict(self.model.state_dict()) | {"usual": self.usual}

    @classmethod
    def from_json(cls, data: Any, tensors: dict[str, Tensor]) -> PictureJudge:
        """Rebuild the judge.

        Raises
        ------
        ModelError
            If the parts do not fit each other.
        """
        with rebuilding():
            sizes = {name: int(data[name]) for name in ("latent", "width", "members")}
            judge = cls(Frame(**data["frame"]), **sizes)
            judge.usual = tensors.pop("usual")
            judge.model.load_state_dict(tensors)
        judge.model.eval().requires_grad_(False)
        return judge
