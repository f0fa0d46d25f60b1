"""A run frozen in a file, so that it goes on to the very same weights."""

from __future__ import annotations

import dataclasses
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.errors import ModelError
from isthmus.files import replaced_file
from isthmus.tensors import read_tensors, write_tensors
from isthmus.training.distributed import gathered, mean_over_processes, rank, world
from isthmus.training.history import History
from isthmus.training.optimisers import Turn
from isthmus.training.settings import Settings

__all__ = ["Clock", "State", "restore", "save", "stop_requested"]

VERSION = 2
# What may differ between the run that was stopped and the one that goes on.
_FREE = {"checkpoint", "checkpoint_every", "log_dir", "progress", "title", "threads"}


@dataclass(slots=True)
class State:
    """All that a run consists of at one step."""

    model: nn.Module
    turns: Sequence[Turn]
    history: History
    sums: dict[str, Tensor]  # the losses since the last point
    best: dict[str, Tensor]  # the best weights so far, empty until an evaluation
    step: int = 0
    stale: int = 0  # evaluations since the best
    data: str = ""  # the fingerprint of the samples


def save(path: Path, state: State, settings: Settings) -> None:
    """Write the state atomically: every process calls this, the first writes."""
    tensors = {f"model/{name}": value for name, value in state.model.state_dict().items()}
    tensors |= {f"best/{name}": value for name, value in state.best.items()}
    tensors |= {f"sums/{name}": mean_over_processes(value) for name, value in state.sums.items()}
    for turn in state.turns:
        tensors |= {f"optimiser/{name}": value for name, value in turn.state().items()}
    random = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        random["cuda"] = torch.cuda.get_rng_state()
    for kind, own in random.items():
        tensors |= {f"random/{kind}.{number}": other for number, other in enumerate(gathered(own))}
    if rank() != 0:
        return
    about = {
        "version": VERSION,
        "world": world(),
        "data": state.data,
        "settings": _fixed(settings),
        "step": state.step,
        "stale": state.stale,
        "history": state.history.to_json(),
    }
    with replaced_file(path) as temporary:
        write_tensors(temporary, tensors, about)


def restore(path: Path, state: State, settings: Settings) -> None:
    """Bring `state` to where the file left it.

    Raises
    ------
    ModelError
        If the file is damaged, from a newer version, or of another model, other data or other settings.
    """
    tensors, about = read_tensors(path)
    try:
        _check(path, about, state, settings)
        groups: dict[str, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            group, _, rest = name.partition("/")
            groups.setdefault(group, {})[rest] = value
        try:
            state.model.load_state_dict(groups.get("model", {}))
        except RuntimeError as error:
            raise ModelError(f"{path} is the checkpoint of another model: {error}") from None
        for turn in state.turns:
            turn.restore(groups.get("optimiser", {}))
        state.best, state.step, state.stale = groups.get("best", {}), about["step"], about["stale"]
        state.history = History.from_json(about["history"])
        for name, value in groups.get("sums", {}).items():
            state.sums[name].copy_(value)
        torch.set_rng_state(groups["random"][f"cpu.{rank()}"])
        if torch.cuda.is_available() and f"cuda.{rank()}" in groups["random"]:
            torch.cuda.set_rng_state(groups["random"][f"cuda.{rank()}"])
    except ModelError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{path} is damaged, or no checkpoint ({error}); delete it to begin anew") from None


def _check(path: Path, about: Any, state: State, settings: Settings) -> None:
    if about.get("version") != VERSION:
        raise ModelError(f"{path} has checkpoint format {about.get('version')}; this Isthmus reads {VERSION}")
    fixed = _fixed(settings)
    other = sorted(name for name in fixed if about["settings"].get(name) != fixed[name])
    if other:
        raise ModelError(f"{path} was made with another {', '.join(other)}; resume with the same, or delete it")
    if about["world"] != world():
        raise ModelError(f"{path} was made by {about['world']} processes, not {world()}; resume with as many")
    if about["data"] != state.data:
        raise ModelError(f"{path} was made with other data; resume with the same, or delete it")


class Clock:
    """Says every so many seconds that it is time."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.last = seconds, time.monotonic()

    def due(self) -> bool:
        """Whether the time has come since it last had."""
        now = time.monotonic()
        if now - self.last < self.seconds:
            return False
        self.last = now
        return True


@contextmanager
def stop_requested(active: bool) -> Iterator[list[int]]:
    """Yield a list that SIGTERM and SIGINT put their number into, instead of ending the process at once.

    After the block the signal is raised again, for whoever handled it before. One that is ignored, as SIGINT is in the
    background of a shell, stays ignored.
    """
    received: list[int] = []
    if not active or threading.current_thread() is not threading.main_thread():
        yield received
        return

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)

    heard = [number for number in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(number) != signal.SIG_IGN]
    before: dict[int, Any] = {number: signal.signal(number, note) for number in heard}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if received:
            signal.raise_signal(received[0])


def _fixed(settings: Settings) -> dict[str, Any]:
    values = dataclasses.asdict(settings)
    return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items() if name not in _FREE}
