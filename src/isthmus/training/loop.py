"""The one training loop.

    batch ──► one passage ──► the model's turn ──► each critic's turns
                 └── now and then: evaluate, keep the best weights, save

It asks a model for two things: `model(batch)` gives a passage, `model.players()` says who learns from it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from isthmus.code import Batch, Passage
from isthmus.errors import DataError
from isthmus.extras import needed
from isthmus.files import check_place, made_folder
from isthmus.players import Player
from isthmus.training import checkpoints
from isthmus.training.devices import lent
from isthmus.training.distributed import broadcast, highest, mean_over_processes, process_group, rank, world
from isthmus.training.history import History, Point
from isthmus.training.optimisers import Turn, rate_at
from isthmus.training.samples import InMemory, Samples, fingerprint, ordered
from isthmus.training.settings import Settings
from isthmus.training.threads import threads

__all__ = ["Trainable", "evaluate", "train"]

EVALUATED_AT_ONCE = 4096  # rows; bounds the memory of an evaluation
DUE, STOP = 1, 2  # what a process asks of all: save, or save and stop


class Trainable(Protocol):
    """What the loop needs of a model; `AutoEncoder` has it, and so has a pair of them (a CycleGAN)."""

    def __call__(self, batch: Batch) -> Passage:
        """Make the one passage of a batch."""
        ...

    def players(self) -> list[Player]:
        """Return who learns from it, the model first."""
        ...

    def description_length(self, batch: Batch) -> Tensor:
        """Return (batch,) nats, what an evaluation averages."""
        ...


def train(
    model: Any, samples: Samples | Batch, *, validation: Batch | None = None, settings: Settings | None = None
) -> History:
    """Train a model in place and leave it in evaluation mode with its best weights.

    Parameters
    ----------
    model : module that is `Trainable`
    samples : Samples or Batch
        A batch is taken as all of the data, in memory.
    validation : Batch, optional
        Its mean description length decides which weights are kept and when to stop early.
    settings : Settings

    Returns
    -------
    History

    Raises
    ------
    DataError
        If there is nothing to train on, or a loss stops being finite.
    ModelError
        If the checkpoint to resume from does not fit.
    OutputError
        If there is no place for a checkpoint, before anything is trained.
    KeyboardInterrupt
        If a signal to end came, once the state is saved: what is half trained is never returned.
    """
    settings = settings or Settings()
    source = InMemory(samples) if isinstance(samples, Batch) else samples
    if len(source) == 0:
        raise DataError("there are no samples to train on")
    with (
        process_group(), threads(settings.threads), lent(model, settings.device), torch.random.fork_rng(),
        _log(settings) as log,
    ):  # fmt: skip
        torch.manual_seed(settings.seed + 1_000_003 * rank())  # each process its own noise
        return _Run(model, source, validation, settings, log).finish()


def evaluate(model: Any, batch: Batch, *, seed: int = 0) -> Tensor:
    """Return the mean description length of a batch, a scalar in nats, without touching the random state."""
    was_training = model.training
    model.eval()
    with torch.inference_mode(), torch.random.fork_rng():
        torch.manual_seed(seed)  # the same noise every time, so that two evaluations compare
        starts = range(0, len(batch), EVALUATED_AT_ONCE)
        parts = [model.description_length(batch.rows(slice(at, at + EVALUATED_AT_ONCE))) for at in starts]
        result = torch.cat(parts).mean()
    model.train(was_training)
    return result


class _Run:
    """The state of one call of `train`."""

    def __init__(self, model: Any, source: Samples, validation: Batch | None, settings: Settings, log: Any) -> None:
        self.source, self.settings, self.log = source, settings, log
        self.device = next(model.parameters()).device
        self.validation = None if validation is None else validation.each(self._here)
        turns = [Turn(player, settings) for player in model.players()]
        sums = {turn.player.name: torch.zeros((), device=self.device) for turn in turns}
        self.file = Path(settings.checkpoint) if settings.checkpoint is not None else None
        if self.file is not None:
            check_place(self.file)
        data = fingerprint(source) if self.file is not None else ""
        self.state = checkpoints.State(model, turns, History(), sums, best={}, data=data)
        self.cast: AbstractContextManager[Any] = (
            torch.autocast(self.device.type, torch.bfloat16) if settings.precision == "bfloat16" else nullcontext()
        )

    def finish(self) -> History:
        state, settings = self.state, self.settings
        if self.file is not None and self.file.exists():
            checkpoints.restore(self.file, state, settings)
        broadcast([*state.model.parameters(), *state.model.buffers()])
        state.model.train()
        clock = checkpoints.Clock(settings.checkpoint_every)
        with checkpoints.stop_requested(self.file is not None) as signals, _bar(settings) as advance:
            advance(state.step)
            for batch in self._batches():
                if state.step >= settings.steps or self._stale():
                    break
                self._step(batch)
                advance(1)
                if state.step % settings.evaluate_every == 0 or state.step == settings.steps:
                    self._look()
                asked = self._asked(signals, clock)
                if asked:
                    self._save()
                if asked == STOP:  # the signal itself is raised again on leaving the block
                    raise KeyboardInterrupt(f"stopped at step {state.step}; {self.file} goes on from there")
            if self.file is not None:
                self._save()
        if state.best:
            state.model.load_state_dict(state.best)
        state.model.eval()
        return state.history

    def _asked(self, signals: list[int], clock: checkpoints.Clock) -> int:
        """Return what is to be done now, the same in every process."""
        if self.file is None:
            return 0
        return highest(STOP if signals else DUE if rank() == 0 and clock.due() else 0)

    def _batches(self) -> Iterator[Batch]:
        order = ordered(
            len(self.source), size=self.settings.batch_size, seed=self.settings.seed,
            start=self.state.step, rank=rank(), world=world(),
        )  # fmt: skip
        for batch in self.source.take(order):
            yield batch.each(self._here)

    def _here(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, non_blocking=True)

    def _step(self, batch: Batch) -> None:
        with self.cast:
            passage = self.state.model(batch)
            for turn in self.state.turns:
                loss = turn.take(passage, rate_at(self.state.step, self.settings))
                self.state.sums[turn.player.name] += loss
        self.state.step += 1

    def _look(self) -> None:
        """Note the losses; with a validation part, keep the weights if they are the best."""
        state, settings = self.state, self.settings
        since = state.step - state.history.steps
        losses = {name: float(mean_over_processes(total)) / since for name, total in state.sums.items()}
        bad = [name for name, loss in losses.items() if not torch.isfinite(torch.tensor(loss))]
        if bad:
            raise DataError(
                f"{settings.title}: the loss of {', '.join(bad)} is no longer finite at step {state.step}; "
                f"lower learning_rate={settings.learning_rate}"
            )
        for total in state.sums.values():
            total.zero_()
        value = None
        if self.validation is not None:
            broadcast(state.model.buffers())  # each process has kept its own averages of what it saw
            value = float(mean_over_processes(evaluate(state.model, self.validation)))
            state.stale += 1
            if value < state.history.best:
                state.history.best, state.history.best_step, state.stale = value, state.step, 0
                state.best = {name: tensor.detach().clone() for name, tensor in state.model.state_dict().items()}
        state.history.points.append(Point(state.step, losses, value))
        if self.log is not None:
            for name, loss in losses.items():
                self.log.add_scalar(f"loss/{name}", loss, state.step)
            if value is not None:
                self.log.add_scalar("validation/description_length", value, state.step)

    def _stale(self) -> bool:
        return self.settings.patience is not None and self.state.stale >= self.settings.patience

    def _save(self) -> None:
        if self.file is not None:
            checkpoints.save(self.file, self.state, self.settings)


@contextmanager
def _bar(settings: Settings) -> Iterator[Any]:
    if not (settings.progress and sys.stderr.isatty() and rank() == 0):
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(settings.title, total=settings.steps)
        yield lambda count: bar.advance(task, count)


@contextmanager
def _log(settings: Settings) -> Iterator[Any]:
    if settings.log_dir is None or rank() != 0:
        yield None
        return
    with needed("TensorBoard", "logs", extra="logging"):
        from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(made_folder(settings.log_dir))) as writer:
        yield writer
