"""Learn what is normal from rows without labels: train, remember, calibrate.

rows ──► folds ──► one denoising auto-encoder for each fold left out
└──► the fold left out, judged as new rows would be, says what is usual
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from isthmus.code import Batch
from isthmus.codes.exemplars import squared_distance
from isthmus.kinds.schema import Cell
from isthmus.networks.features import CellFeatures
from isthmus.recipes.denoising import denoising
from isthmus.recipes.description import AT_ONCE, Description
from isthmus.training.history import History, averaged
from isthmus.training.loop import train
from isthmus.training.settings import Settings
from isthmus.training.threads import one_thread

__all__ = ["Learned", "empty_description", "learn_normal"]

MEMBERS = 2  # auto-encoders
FOLDS = 4  # each of them leaves one of these folds of the rows out, to calibrate on
DRAWS = 100  # of a few rows each, to find the ones that are odd in unclean training data
REMEMBERED = 1536  # rows; more score hardly better and take longer


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
    width: int | None = None,
    contamination: float = 0.0,
    seed: int = 0,
    log_dir: str | Path | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = False,
) -> Learned:
    """Train auto-encoders that each leave out one fold of the rows, remember some rows, and calibrate.

    Parameters
    ----------
    cells : sequence of Cell
    rows : tensor (rows, cells), float64
    steps, width : int
        Of each auto-encoder; the width by default as `usual_width` has it.
    contamination : float
        Share of the rows that is kept from teaching, from being remembered and from calibrating.
    seed : int
    log_dir, checkpoint : path, optional
        Of the training runs; the checkpoints are removed at the end.
    progress : bool
    """
    with one_thread(), torch.random.fork_rng():
        torch.manual_seed(seed)
        features = CellFeatures.fit(cells, rows.numpy())
        x, strange = features(rows), features.never_seen(rows).sum(1)
        width = width or usual_width(features.width)
        trusted = _trusted(x, contamination) if contamination else torch.arange(len(x))
        x, strange = x[trusted], strange[trusted]
        order = torch.randperm(len(x))
        folds = order.tensor_split(FOLDS)[:MEMBERS]
        members, histories = [], []
        for number, fold in enumerate(folds):
            model = denoising(features.width, width=width, trim=contamination)
            settings = Settings(
                steps=steps,
                batch_size=128,
                learning_rate=5e-3,
                weight_decay=0.01,
                clip=None,  # the loss is a sum over columns; Adam does not mind its scale, a fixed norm would
                evaluate_every=max(steps // 20, 1),
                seed=seed + number,
                checkpoint=_checkpoint(checkpoint, number),
                log_dir=None if log_dir is None else Path(log_dir) / str(number),
                progress=progress,
                title=f"learning what is normal ({number + 1} of {len(folds)})",
            )
            taught = order[~torch.isin(order, fold)]
            histories.append(train(model, Batch(x[taught]), settings=settings))
            members.append(model)
        description = Description(features, members).eval().requires_grad_(False)
        with torch.inference_mode():
            calibration = _calibrate(description, x, strange, folds, contamination)
    for number in range(MEMBERS):
        if checkpoint is not None:
            Path(str(_checkpoint(checkpoint, number))).unlink(missing_ok=True)
    return Learned(description, calibration, averaged(histories))


def usual_width(features: int) -> int:
    """Return the width of the networks for so many features: wider than the features, as noise is the limit."""
    return 128 if features <= 64 else 256


def empty_description(features: CellFeatures, *, width: int, memory: int) -> Description:
    """Return a description of the same shape as a learned one, for its stored tensors."""
    members = [denoising(features.width, width=width, exemplars=memory) for _ in range(MEMBERS)]
    return Description(features, members, memory)


def _calibrate(
    description: Description, x: Tensor, strange: Tensor, folds: Sequence[Tensor], contamination: float
) -> np.ndarray:
    """Choose the remembered rows, learn what is usual, and score the folds as if their rows were new.

    A row left out is judged by the auto-encoder that did not learn from it, and by remembered rows other than
    itself. Where rows may be odd, the remembered ones count as many samples of a few each.
    """
    kept, draws = torch.randperm(len(x))[:REMEMBERED], 1
    if contamination:
        few = min(_few(contamination), len(kept))
        draws = len(kept) // few
        kept = kept[: draws * few]
    description.remember(x[kept], draws=draws)
    own = torch.full((len(x),), -1)
    own[kept] = torch.arange(len(kept))
    found = []
    for member, fold in enumerate(folds):
        for part in fold.split(AT_ONCE):
            remembered = description.from_memory(x[part], strange[part], own[part])
            found.append(description.departures(member, x[part], strange[part], remembered, own[part]))
    departures = torch.cat(found)
    description.calibrate(departures)
    return np.sort(-description.nats(departures).double().numpy())


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


def _checkpoint(path: str | Path | None, number: int) -> str | None:
    return None if path is None else f"{path}.{number}"
