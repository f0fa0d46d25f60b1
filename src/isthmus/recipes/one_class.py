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
    itself.
    """
    trusted = torch.ones(len(x), dtype=torch.bool)
    for final in (False, True) if contamination else (True,):
        allowed = torch.nonzero(trusted).squeeze(1)
        kept = allowed[torch.randperm(len(allowed))[:REMEMBERED]]
        description.remember(x[kept])
        own = torch.full((len(x),), -1)
        own[kept] = torch.arange(len(kept))

        def departures(member: int, rows: Tensor, own: Tensor = own) -> Tensor:
            parts = []
            for part in rows.split(AT_ONCE):
                remembered = description.from_memory(x[part], strange[part], own[part])
                parts.append(description.departures(member, x[part], strange[part], remembered, own[part]))
            return torch.cat(parts)

        found = torch.cat([departures(member, fold[trusted[fold]]) for member, fold in enumerate(folds)])
        description.calibrate(found)
        if not final:  # a first look, to leave out what seems odd itself
            every = torch.arange(len(x))
            lengths = torch.stack([description.nats(departures(member, every)) for member in range(len(folds))]).mean(0)
            trusted = lengths <= torch.quantile(lengths, 1 - contamination)
    return np.sort(-description.nats(found).double().numpy())


def _checkpoint(path: str | Path | None, number: int) -> str | None:
    return None if path is None else f"{path}.{number}"
