"""Everything that can be set about a training run, each with its default and its reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from isthmus.errors import OptionError

__all__ = ["Settings", "usual_precision"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How to train. All of it applies to every model; nothing in it knows of one.

    Raises
    ------
    OptionError
        Naming the setting that is out of its range.
    """

    steps: int = 1000  # batches; the loop counts these, not epochs, so that small data gets its share
    batch_size: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: int = 0  # steps of linear rise to the learning rate
    clip: float | None = 1.0  # largest norm of a player's gradient; None leaves it as it is
    patience: int | None = None  # evaluations without a better validation before stopping; None never stops early
    evaluate_every: int = 100  # steps between evaluations, where there is a validation part
    seed: int = 0
    threads: int | None = None  # torch threads while training; None leaves them. One is fastest for small networks
    precision: Literal["float32", "bfloat16"] = "float32"  # bfloat16: mixed precision, weights stay float32
    device: str | None = None  # "cuda" to be lent to a GPU; None: the variable ISTHMUS_DEVICE, else where the model is
    checkpoint: str | Path | None = None  # file to save to and to resume from
    checkpoint_every: float = 60.0  # seconds between checkpoints
    log_dir: str | Path | None = None  # TensorBoard, on request
    progress: bool = False  # a bar on standard error, if that is a terminal
    title: str = "training"

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "evaluate_every"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise OptionError(f"learning_rate must be positive, not {self.learning_rate}")
        if self.clip is not None and not self.clip > 0:
            raise OptionError(f"clip must be positive or None, not {self.clip}")
        if not 0 <= self.warmup <= self.steps:
            raise OptionError(f"warmup must lie between 0 and steps={self.steps}, not {self.warmup}")
        for name, known in (("schedule", ("cosine", "constant")), ("precision", ("float32", "bfloat16"))):
            if getattr(self, name) not in known:
                raise OptionError(f"{name} must be one of {', '.join(known)}, not {getattr(self, name)!r}")


def usual_precision() -> Literal["float32", "bfloat16"]:
    """Return the precision in which wide networks train fastest here: bfloat16 where the processor multiplies it."""
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return "bfloat16" if supported() else "float32"
