"""Learn what is normal from rows without labels: train, remember, calibrate.

rows ──► taught ──► a denoising auto-encoder
└──► left out ──► judged as new rows would be: says what is usual
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from isthmus.code import Batch
from isthmus.kinds.schema import Cell
from isthmus.networks.features import CellFeatures
from isthmus.recipes.denoising import denoising, restorable_noise, restored_share
from isthmus.recipes.description import AT_ONCE, Description, parts_of
from isthmus.recipes.neighbours import squared_distance
from isthmus.training.history import History
from isthmus.training.loop import train
from isthmus.training.settings import Settings
from isthmus.training.threads import one_thread

__all__ = ["Learned", "empty_description", "learn_normal"]

LEFT_OUT = 1 / 6  # share of the rows to calibrate on, at least
ENOUGH = 1000  # rows to learn from; where there are more, half of all calibrate: a threshold needs many
TAUGHT = 8192  # rows to learn from, at most; more teach little that these do not
REMEMBERED = 3072  # rows; more score hardly better and take longer
BATCH = 128  # rows a step
MEASURED = 4096  # rows, at most, that tell how far hidden units move
LOOKED_AT = 1024  # rows left out, at most, that tell how much noise can be taken away, and how much is restored
DRAWS = 100  # of a few rows each, to find the ones that are odd in unclean training data


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned.

    Attributes
    ----------
    description : Description
        In evaluation mode, without gradients.
    calibration : array
        Sorted minus description lengths of rows left out: what new normal rows will score.
    history : History
    """

    description: Description
    calibration: np.ndarray
    history: History


def learn_normal(
    cells: Sequence[Cell],
    rows: Tensor,
    *,
    steps: int,
    width: int,
    contamination: float = 0.0,
    seed: int = 0,
    log_dir: str | Path | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = False,
) -> Learned:
    """Train an auto-encoder on a part of the rows, remember some of them, and calibrate on the others.

    Parameters
    ----------
    cells : sequence of Cell
    rows : tensor (rows, cells), float64
    steps, width : int
    contamination : float
        Share of the rows that is kept from teaching, from being remembered and from calibrating.
    seed : int
    log_dir, checkpoint : path, optional
        Of the training run; the checkpoint is removed at the end.
    progress : bool
    """
    with one_thread(), torch.random.fork_rng():
        torch.manual_seed(seed)
        features = CellFeatures.fit(cells, rows.numpy())
        x, strange = features(rows), features.never_seen(rows).sum(1)
        trusted = _trusted(x, contamination) if contamination else torch.arange(len(x))
        x, strange = x[trusted], strange[trusted]
        order = torch.randperm(len(x))
        count = _to_teach(len(x))
        taught, left_out = order[:count], order[count:]
        model = denoising(features.width, width=width, trim=contamination)
        settings = Settings(
            steps=steps,
            batch_size=BATCH,
            learning_rate=5e-3,
            betas=(0.9, 0.99),
            weight_decay=0.2,
            warmup=min(30, steps),
            clip=None,  # the loss is a sum over columns; Adam does not mind its scale, a fixed norm would
            evaluate_every=max(steps // 20, 1),
            seed=seed,
            checkpoint=checkpoint,
            log_dir=log_dir,
            progress=progress,
            title="learning what is normal",
        )
        history = train(model, Batch(x[taught]), settings=settings)
        description = Description(features, model).eval().requires_grad_(False)
        unseen = x[left_out[:LOOKED_AT]]
        model.encoder.noise.fill_(restorable_noise(model, unseen))  # type: ignore[operator]
        description.weigh(len(taught), restored_share(model, unseen))
        with torch.inference_mode():
            own = _remember(description, x, x[taught[:MEASURED]], contamination)
            calibration = _calibrate(description, x[left_out], strange[left_out], own[left_out])
    if checkpoint is not None:
        Path(checkpoint).unlink(missing_ok=True)
    return Learned(description, calibration, history)


def empty_description(features: CellFeatures, *, width: int, memory: int, draws: int) -> Description:
    """Return a description of the same shape as a learned one, for its stored tensors."""
    return Description(features, denoising(features.width, width=width), memory, draws)


def _to_teach(rows: int) -> int:
    few = min(round(rows * (1 - LEFT_OUT)), ENOUGH)
    return max(1, min(max(few, round(rows / 2)), TAUGHT, rows - 1))


def _remember(description: Description, x: Tensor, taught: Tensor, share: float) -> Tensor:
    """Choose the rows to remember, and return the place of every row among them; -1 for the others.

    Where a share of the rows may be odd, the remembered ones count as many samples of a few each.
    """
    kept, draws = torch.randperm(len(x))[:REMEMBERED], 1
    kept = kept[: len(kept) - len(kept) % parts_of(len(kept))]
    if share:
        few = min(_few(share), len(kept))
        draws = len(kept) // few
        kept = kept[: draws * few]
    description.remember(x[kept], taught, draws=draws)
    own = torch.full((len(x),), -1)
    own[kept] = torch.arange(len(kept))
    return own


def _calibrate(description: Description, x: Tensor, strange: Tensor, own: Tensor) -> np.ndarray:
    """Learn from rows left out what is usual, and return their scores, as if the rows were new."""
    parts = torch.arange(len(x)).split(AT_ONCE)
    departures = torch.cat([description.departures(x[part], own[part]) for part in parts])
    description.calibrate(departures)
    lengths = description.nats(departures).sum(1) + strange
    return np.sort(-lengths.double().numpy())


def _trusted(x: Tensor, contamination: float) -> Tensor:
    """Return the rows that are left when as many as may be odd are set aside, (kept,).

    A row is judged by its distance to the nearest of a few others, over many draws of a few: odd rows that
    resemble each other, a fraud done fifty times, have near neighbours among all rows, and hardly ever one
    among a few.
    """
    few = min(_few(contamination), len(x))
    draws = min(DRAWS, len(x) // few)
    drawn = torch.randperm(len(x))[: draws * few]
    own = torch.full((len(x),), -1)
    own[drawn] = torch.arange(len(drawn))
    parts = [squared_distance(x[part], x[drawn], own[part], draws) for part in torch.arange(len(x)).split(AT_ONCE)]
    kept = max(2, round(len(x) * (1 - contamination)))
    return torch.cat(parts).topk(kept, largest=False).indices.sort().values


def _few(contamination: float) -> int:
    """Return the size of a sample that holds about one odd row."""
    return max(8, round(1 / contamination))
