"""What the benchmarks share: where the data lies, how a table is printed, where results go."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

DATA = Path(os.environ.get("ISTHMUS_DATA", Path(__file__).parents[2] / "shared" / "data"))
RESULTS = Path(__file__).parent / "results"


def protocol(name: str = "one_class") -> ModuleType:
    """The protocol's own file, so that nobody's copy drifts."""
    path = DATA.parent / "protocols" / f"{name}.py"
    if not path.exists():
        sys.exit(f"this benchmark needs {path}; set ISTHMUS_DATA to the data folder beside it")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def data_sets(only: str | None = None) -> Iterator[tuple[str, Any, Any, Any]]:
    """Name, training rows, test rows and test labels of the development sets, small ones first."""
    import numpy as np

    split = protocol().split
    for path in sorted((DATA / "adbench").glob("*.npz"), key=lambda path: path.stat().st_size):
        if only is None or path.stem in only.split(","):
            with np.load(path) as data:
                yield path.stem, *split(data["X"].astype(np.float64), data["y"])


def print_table(rows: list[dict[str, Any]], title: str) -> None:
    print(f"\n{title}")
    names = list(dict.fromkeys(name for row in rows for name in row))
    values = [[row.get(name, "") for name in names] for row in rows]
    cells = [[f"{value:.4f}" if isinstance(value, float) else str(value) for value in row] for row in values]
    widths = [max(len(line[i]) for line in [names, *cells]) for i in range(len(names))]
    for line in [names, *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def stored(name: str) -> Any:
    """What `save` wrote last, or None: a run of one part keeps the figures of the others."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text())["result"] if path.exists() else None


def save(name: str, result: Any) -> None:
    RESULTS.mkdir(exist_ok=True)
    about = {"python": platform.python_version(), "torch": torch.__version__, "processor": platform.machine()}
    (RESULTS / f"{name}.json").write_text(json.dumps({"made_with": about, "result": result}, indent=1) + "\n")
