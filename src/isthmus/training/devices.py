"""Where a model trains: where it is, or for the time being on a GPU."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from isthmus.errors import OptionError

__all__ = ["DEVICE", "lent"]

DEVICE = "ISTHMUS_DEVICE"  # environment variable: what `Settings.device` is where nothing is said


@contextmanager
def lent(model: nn.Module, device: str | None) -> Iterator[None]:
    """Have the model on a device inside the block, and back where it was after it, however the block ends.

    Raises
    ------
    OptionError
        If there is no such device here.
    """
    asked = device or os.environ.get(DEVICE)
    if not asked:
        yield
        return
    before = next(model.parameters()).device
    model.to(_known(asked))
    try:
        yield
    finally:
        model.to(before)


def _known(device: str) -> torch.device:
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise OptionError(
            f"device {device!r} cannot be used here ({str(error).split('.')[0][:80]}); cpu always can, cuda and mps "
            f"where torch was built for them. It comes from the setting `device` or from the variable {DEVICE}"
        ) from error
    return found
