"""A model folder: safetensors and JSON, nothing that executes.

    model.safetensors   weights, and the buffers that preprocessing lives in
    config.json         format version, task, hyperparameters, schema, thresholds, library versions, checksums
    README.md           the model card, for people

The folder is written whole or not at all, and read with distrust: sizes are bounded, checksums compared, and
the only code a configuration can name is a task of this package.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.errors import ModelError, OptionError, OutputError
from isthmus.files import check_place, replaced_folder, told
from isthmus.sparing import Sparing
from isthmus.tensors import read_tensors, write_tensors
from isthmus.version import __version__

__all__ = ["FORMAT", "Stored", "check_folder", "load_weights", "read", "read_card", "rebuilding", "write"]

FORMAT = 1
CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
LARGEST_TEXT = 64 * 2**20  # bytes; a schema of many long category names is far below


@dataclass(frozen=True, slots=True)
class Stored:
    """What a model folder holds.

    Attributes
    ----------
    task : str
        The estimator's class name.
    config : dict
        What the task needs to rebuild itself, JSON only.
    tensors : mapping of name to tensor
    versions : dict
        Of the libraries that wrote it.
    """

    task: str
    config: dict[str, Any]
    tensors: Mapping[str, Tensor]
    versions: dict[str, str]


def write(folder: str | Path, *, task: str, config: dict[str, Any], tensors: Mapping[str, Tensor], card: str) -> None:
    """Write a model folder, in the place of an older one if there is one.

    Raises
    ------
    OutputError
        Where it cannot be written, or `folder` holds something else than a model. Nothing is changed then.
    """
    folder = _path(folder)
    _check_old(folder)
    with replaced_folder(folder) as temporary:
        write_tensors(temporary / WEIGHTS, tensors)
        (temporary / CARD).write_text(card, encoding="utf-8")
        content: dict[str, Any] = {
            "format": FORMAT,
            "task": task,
            "config": config,
            "versions": {
                "isthmus": __version__,
                "torch": torch.__version__,
                "python": platform.python_version(),
            },
            "sha256": {WEIGHTS: _digest((temporary / WEIGHTS).read_bytes())},  # a card may be edited
        }
        content["sha256"][CONFIG] = _digest(_canonical(content))
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        if len(text.encode()) > LARGEST_TEXT:
            raise OutputError(
                f"cannot write {folder}: what it says of the data is over {LARGEST_TEXT:,} bytes; leave out columns of "
                "very many or very long categories; nothing was changed"
            )
        (temporary / CONFIG).write_text(text + "\n", encoding="utf-8")


def check_folder(folder: str | Path) -> None:
    """Refuse, before any work, a place that `write` would refuse after it.

    Raises
    ------
    OutputError
    """
    check_place(Path(folder))
    _check_old(Path(folder))


def read(folder: str | Path) -> Stored:
    """Read a model folder.

    Raises
    ------
    ModelError
        If a file is missing, damaged (one flipped byte is enough) or of a newer format.
    """
    folder = _path(folder)
    with _told(folder):
        if not folder.is_dir():
            raise ModelError(f"{folder} is not a model folder" if folder.exists() else f"{folder} does not exist")
    content = _config(folder / CONFIG)
    read_card(folder)
    if _digest_of(folder / WEIGHTS) != content["sha256"].get(WEIGHTS):
        raise ModelError(f"{folder / WEIGHTS} is damaged: its checksum is not the one in {CONFIG}")
    tensors, _ = read_tensors(folder / WEIGHTS)
    return Stored(content["task"], content["config"], tensors, content["versions"])


def read_card(folder: str | Path) -> str:
    """Return the card of a model folder, which anyone may have edited, without what would move a terminal's cursor.

    Raises
    ------
    ModelError
        If there is none.
    """
    text = _bytes(Path(folder) / CARD).decode("utf-8", "replace")
    return "".join(mark for mark in text if mark.isprintable() or mark in "\n\t")


@contextmanager
def rebuilding(tensors: Mapping[str, Tensor]) -> Iterator[None]:
    """Turn what parts that do not fit each other raise into one `ModelError`, and what asks for far more than these."""
    try:
        with Sparing(tensors):
            yield
    except ModelError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
        lines = [line.strip() for line in str(error).splitlines()] or [type(error).__name__]
        why = lines[1] if lines[0].endswith(":") and lines[1:] else lines[0]  # torch counts first and then says what
        raise ModelError(
            f"the model folder is damaged, or was made by another Isthmus than this {__version__} and must be fitted "
            f"anew: {why}"
        ) from None


def load_weights(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put stored tensors into a module that was built from its configuration.

    Whole numbers and yes or no (which column a number comes from) follow from the configuration; stored ones that say
    otherwise would read beyond the end of something.

    Raises
    ------
    ValueError
        If they do not fit.
    """
    places = {name: built.clone() for name, built in module.state_dict().items() if not built.is_floating_point()}
    module.load_state_dict(dict(tensors))
    wrong = [name for name, built in places.items() if not torch.equal(tensors[name], built)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} does not follow from its configuration")


def _path(folder: Any) -> Path:
    if not isinstance(folder, (str, os.PathLike)):
        raise OptionError(f"the folder of a model must be a path, not {folder!r}")
    return Path(folder)


def _check_old(folder: Path) -> None:
    """Refuse a folder that holds anything but one of our models: all that it holds is replaced."""
    with told(folder):
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"cannot write {folder}: a file of that name exists; nothing was changed")
        held = sorted(folder.iterdir()) if folder.is_dir() else []
        if held and not _is_ours(folder / CONFIG):
            raise OutputError(f"cannot write {folder}: it holds something that is no model; nothing was changed")
        others = [path.name for path in held if path.name not in (CONFIG, WEIGHTS, CARD) or not path.is_file()]
    if others:
        raise OutputError(
            f"cannot write {folder}: {others[0]!r} lies beside the model there, and would be lost; nothing was changed"
        )


def _is_ours(path: Path) -> bool:
    """Whether a configuration, be it damaged or of another version, is that of a model."""
    try:
        content = json.loads(_bytes(path))
        return isinstance(content["format"], int) and isinstance(content["task"], str) and CONFIG in content["sha256"]
    except (ModelError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _config(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_bytes(path))
        version = content["format"]
        if type(version) is not int or version < 1:
            raise ValueError
        if version > FORMAT:
            raise ModelError(f"{path} has format {version}; this Isthmus reads up to {FORMAT}: upgrade isthmus")
        digest = content["sha256"].pop(CONFIG)
        if digest != _digest(_canonical(content)):
            raise ModelError(f"{path} is damaged: it does not match its own checksum")
        for key, kind in (("task", str), ("config", dict), ("versions", dict), ("sha256", dict)):
            if not isinstance(content[key], kind):
                raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path} is damaged or not the configuration of a model") from None
    return content


def _bytes(path: Path) -> bytes:
    """Return what a small file holds."""
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST_TEXT:
            raise ModelError(f"{path} is larger than any of its kind ({size:,} bytes)")
        return file.read()


def _digest_of(path: Path) -> str:
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    """Open a file, and nothing that only looks like one: a pipe or a device would never end."""
    with _told(path):
        if not path.exists():
            raise ModelError(f"{path} is missing: a model folder holds {WEIGHTS}, {CONFIG} and {CARD}")
        if not path.is_file():
            raise ModelError(f"{path} is not a file")
        with open(path, "rb") as file:
            yield file


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
