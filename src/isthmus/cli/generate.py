"""``isthmus generate``: new samples like the ones seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.options import (
    Colour,
    Data,
    Fit,
    Grey,
    Json,
    ModelFolder,
    NewModel,
    Report,
    Seed,
    Size,
    Skip,
    Steps,
    apart,
    given,
    in_grey,
    load_as,
    names_of,
    not_over,
    opened,
    opened_for,
    picture_can_be_made,
    print_json,
    table_can_be_made,
    write_table,
)
from isthmus.words import counted

__all__ = ["app"]

app = typer.Typer(help="Make new pictures like the ones seen.", no_args_is_help=True)
Png = Annotated[
    Path, typer.Option("--out", help="PNG file to write.", show_default=False, callback=picture_can_be_made)
]


@app.command("fit")
def fit_(
    data: Data, out: NewModel, dimensions: Annotated[int, typer.Option(help="Numbers in the code.")] = 32,
    steps: Steps = None,
    beta: Annotated[float | None, typer.Option(help="Weight of the code's price in training; 1 by default.")] = None,
    free_nats: Annotated[float | None, typer.Option(help="Nats of it that training does not press below.")] = None,
    draws: Annotated[int | None, typer.Option(help="Codes a sample; more are slower and fit better.")] = None,
    size: Size = None, grey: Grey = False, colour: Colour = False, fit: Fit = None, skip: Skip = False,
    seed: Seed = 0, json_: Json = False,
) -> None:  # fmt: skip
    """Learn to generate.

    Example: isthmus generate fit faces/ --size 64 --out faces-model/
    """
    from isthmus import Generator

    tone = in_grey(grey, colour)
    options = given(steps=steps, beta=beta, free_nats=free_nats, draws=draws, size=size, grey=tone)
    task = Generator(dimensions, random_state=seed, progress=True, **options)
    task.fit(opened(data, size=size, grey=tone, fit=fit, skip=skip)).save(out)
    loss = task.history_.points[-1].losses["model"]
    told = {"model": str(out), "dimensions": dimensions, "loss": loss}
    print_json(told) if json_ else typer.echo(f"The model is in {out}; its last loss was {loss:.4g} nats")


@app.command()
def sample(
    model: ModelFolder, out: Png, n: Annotated[int, typer.Option("-n", help="How many.", min=1)] = 64,
    report: Report = None, seed: Seed = 0,
) -> None:  # fmt: skip
    """Draw new samples, as one picture.

    Example: isthmus generate sample faces-model/ -n 64 --out grid.png
    """
    from isthmus.reports.pictures import in_rows, save_png, sheet

    apart(out=out, report=report)
    not_over(model, out, report)
    task = _pictures_of(model).set_params(random_state=seed)
    rows = in_rows(task.sample(n))
    told = f"{counted(n, 'new picture')} by {model.name}"
    drawn = sheet(rows, [""] * len(rows), headings=[told])
    save_png(drawn, out)
    if report is not None:
        _tell(task, drawn, report, model.name)
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

    not_over(model, out, read=[first, second])
    way = _pictures_of(model).interpolate(first, second, n)
    save_png(sheet([way], [""], headings=[f"{first.name} to {second.name}"]), out)
    typer.echo(f"The way is in {out}")


@app.command()
def traverse(
    model: ModelFolder, out: Png,
    picture: Annotated[Path | None, typer.Argument(help="Picture to start from.", show_default=False)] = None,
    n: Annotated[int, typer.Option("-n", help="Steps on the way, ends included.", min=2)] = 9,
) -> None:  # fmt: skip
    """Draw what each number of the code changes: a row for each, those that change nothing left out.

    Example: isthmus generate traverse faces-model/ me.png --out numbers.png
    """
    from isthmus.errors import ModelError
    from isthmus.reports.pictures import save_png

    not_over(model, out, read=[picture])
    task = _pictures_of(model)
    ways = task.traverse(picture, n)
    if not ways:
        raise ModelError(f"no number of the code changes what {model} draws: fit it with more steps")
    save_png(_drawn(ways, "" if picture is None else f", the others as in {picture.name}"), out)
    shown = f"{counted(len(ways), 'number')} of {task.dimensions}"
    typer.echo(f"What {shown} in the code {'changes' if len(ways) == 1 else 'change'} is in {out}")


@app.command()
def likelihood(
    model: ModelFolder, data: Data,
    out: Annotated[Path, typer.Option(help="CSV or Parquet file to write.", callback=table_can_be_made)],
    draws: Annotated[int, typer.Option(help="Codes a sample: the more, the tighter the bound.", min=1)] = 100,
    skip: Skip = False, seed: Seed = 0,
) -> None:  # fmt: skip
    """Write how likely every sample is, in order: a lower bound of its log-likelihood, nats.

    Example: isthmus generate likelihood faces-model/ photos/ --out nats.csv
    """
    from isthmus import Generator

    not_over(model, out, read=[data])
    task = load_as(model, Generator).set_params(random_state=seed)
    samples = opened_for(task, data, skip=skip)
    nats = task.log_likelihood(samples, draws=draws)
    write_table(out, {"sample": names_of(samples, len(nats)), "log_likelihood": nats})
    typer.echo(f"{counted(len(nats), 'sample')}, {nats.mean():.4g} nats each on average; all are in {out}")


def _drawn(ways: dict[int, Any], others: str) -> Any:
    """Return a traversal as a picture, with what its columns are."""
    from isthmus.reports.pictures import sheet
    from isthmus.tasks.generation import REACH

    heading = f"one number of the code from {-REACH:g} to {REACH:g}{others}"
    return sheet(list(ways.values()), [f"number {number}" for number in ways], headings=[heading])


def _tell(task: Any, drawn: Any, report: Path, model: str) -> None:
    """Write a page: new pictures, and what the numbers of the code change."""
    from isthmus.reports.gallery import Figure, write_gallery

    figures = [Figure("New pictures, decoded from codes that were drawn by chance.", drawn)]
    ways = task.traverse()
    if ways:
        told = "What each number of the code changes, the others at 0; those that change nothing are left out."
        figures.append(Figure(told, _drawn(ways, "")))
    story = f"{model} has learned to make pictures out of {counted(task.dimensions, 'number')} each."
    write_gallery("New pictures", story, figures, report)


def _pictures_of(model: Path) -> Any:
    from isthmus import Generator
    from isthmus.errors import ModelError

    task = load_as(model, Generator)
    if task.input_.kind != "pictures":
        raise ModelError(f"{model} learned from a table; this command draws pictures (in Python: sample(n))")
    return task
