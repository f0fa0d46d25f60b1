"""``isthmus generate``: new samples like the ones seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.options import (
    Data,
    Grey,
    Json,
    ModelFolder,
    NewModel,
    Seed,
    Size,
    Steps,
    given,
    load_as,
    picture_can_be_made,
    print_json,
)
from isthmus.words import counted

__all__ = ["app"]

app = typer.Typer(help="Make new pictures like the ones seen.", no_args_is_help=True)
Png = Annotated[
    Path, typer.Option("--out", help="PNG file to write.", show_default=False, callback=picture_can_be_made)
]


@app.command()
def fit(
    data: Data, out: NewModel, dimensions: Annotated[int, typer.Option(help="Numbers in the code.")] = 32,
    steps: Steps = None, size: Size = None, grey: Grey = None, seed: Seed = 0, json_: Json = False,
) -> None:  # fmt: skip
    """Learn to generate.

    Example: isthmus generate fit faces/ --size 64 --out faces-model/
    """
    from isthmus import Generator

    options = given(steps=steps, size=size, grey=grey)
    task = Generator(dimensions, random_state=seed, progress=True, **options)
    task.fit(data).save(out)
    loss = task.history_.points[-1].losses["model"]
    told = {"model": str(out), "dimensions": dimensions, "loss": loss}
    print_json(told) if json_ else typer.echo(f"The model is in {out}; its last loss was {loss:.4g} nats")


@app.command()
def sample(
    model: ModelFolder, out: Png, n: Annotated[int, typer.Option("-n", help="How many.", min=1)] = 64, seed: Seed = 0
) -> None:
    """Draw new samples, as one picture.

    Example: isthmus generate sample faces-model/ -n 64 --out grid.png
    """
    from isthmus.reports.pictures import grid, save_png

    save_png(grid(_pictures_of(model).set_params(random_state=seed).sample(n)), out)
    typer.echo(f"{counted(n, 'new sample')} {'is' if n == 1 else 'are'} in {out}")


@app.command()
def interpolate(
    model: ModelFolder, first: Annotated[Path, typer.Argument(help="Picture to start from.")],
    second: Annotated[Path, typer.Argument(help="Picture to arrive at.")], out: Png,
    n: Annotated[int, typer.Option("-n", help="Steps on the way, ends included.", min=2)] = 8,
) -> None:  # fmt: skip
    """Draw the way from one picture to another.

    Example: isthmus generate interpolate faces-model/ me.png you.png --out way.png
    """
    from isthmus.reports.pictures import save_png, sheet

    way = _pictures_of(model).interpolate(first, second, n)
    save_png(sheet([way], [""], headings=[f"{first.name} to {second.name}"]), out)
    typer.echo(f"The way is in {out}")


def _pictures_of(model: Path) -> Any:
    from isthmus import Generator
    from isthmus.errors import ModelError

    task = load_as(model, Generator)
    if task.input_.kind != "pictures":
        raise ModelError(f"{model} learned from a table; this command draws pictures (in Python: sample(n))")
    return task
