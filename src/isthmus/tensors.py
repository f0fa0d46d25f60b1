"""Tensors and a little JSON in one safetensors file: nothing in it can execute."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from isthmus.errors import ModelError

__all__ = ["read_foreign_tensors", "read_tensors", "write_tensors"]


def write_tensors(path: str | Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any] | None = None) -> None:
    """Write named tensors, and what JSON can say about them.

    Raises
    ------
    OSError
        Where the disk is full, or the file cannot be written for another reason.
    """
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    try:
        save_file(plain, path, metadata={"isthmus": json.dumps(about or {})})
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from None


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors of a file and what was said about them.

    Raises
    ------
    ModelError
        If the file is missing, cut short, or not ours.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["isthmus"])
            return {name: file.get_tensor(name) for name in file.keys()}, about  # noqa: SIM118 (no mapping)
    except FileNotFoundError:
        raise ModelError(f"{path} is missing") from None
    except RecursionError:
        raise ModelError(f"{path} is damaged or not an Isthmus file (what it says of itself is too deep)") from None
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise ModelError(f"{path} is damaged or not an Isthmus file ({error})") from None


def read_foreign_tensors(path: str | Path) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors file that others made.

    Raises
    ------
    ModelError
        If it is damaged.
    """
    try:
        return load_file(path)
    except (SafetensorError, ValueError, OSError) as error:
        raise ModelError(f"{path} is damaged or no safetensors file ({error})") from None
