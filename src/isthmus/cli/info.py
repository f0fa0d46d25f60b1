"""``isthmus info``: what a model folder holds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["run"]


def run(
    model: Annotated[Path, typer.Argument(help="Model folder.", show_default=False)],
    json_: Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")] = False,
) -> None:
    """Say what a model folder holds.

    Example: isthmus info fraud/
    """
    from isthmus import store

    stored = store.read(model)
    if json_:
        about = {"task": stored.task, "versions": stored.versions, "config": stored.config}
        json.dump(about, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
        return
    typer.echo(store.read_card(model).rstrip())
    typer.echo("\nWritten with " + ", ".join(f"{name} {version}" for name, version in stored.versions.items()))
