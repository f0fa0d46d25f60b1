"""``isthmus cluster``: classes that nobody named."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    not_among,
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

app = typer.Typer(help="Group pictures or rows into classes without labels.", no_args_is_help=True)
SHOWN = 12  # pictures of a class


@app.command("fit")
def fit_(
    data: Data, out: NewModel, classes: Annotated[int, typer.Option(help="How many.", min=2)] = 10,
    steps: Steps = None, size: Size = None, grey: Grey = False, colour: Colour = False, fit: Fit = None,
    skip: Skip = False,
    mirror: Annotated[bool, typer.Option(help="A picture and its mirror image are the same thing.")] = False,
    seed: Seed = 0, json_: Json = False,
) -> None:  # fmt: skip
    """Learn the classes.

    Example: isthmus cluster fit digits.npz --classes 10 --out classes/
    """
    import numpy as np

    from isthmus import Clusterer

    tone = in_grey(grey, colour)
    options = given(steps=steps, size=size, grey=tone)
    task = Clusterer(classes, mirror=mirror, random_state=seed, progress=True, **options)
    task.fit(opened(data, size=size, grey=tone, fit=fit, skip=skip))
    task.save(out)
    sizes = np.bincount(task.labels_, minlength=classes).tolist()
    told = ", ".join(f"{size:,}" for size in sizes)
    if json_:
        print_json({"model": str(out), "sizes": sizes})
    else:
        typer.echo(f"The model is in {out}; classes of {told}")


@app.command()
def predict(
    model: ModelFolder, data: Data,
    out: Annotated[
        Path,
        typer.Option(help="CSV or Parquet file to write: sample, class, chance.", callback=table_can_be_made),
    ],
    grid: Annotated[
        Path | None, typer.Option(help="PNG file: a row of pictures a class.", callback=picture_can_be_made)
    ] = None,
    report: Report = None, skip: Skip = False,
) -> None:  # fmt: skip
    """Write the class of every sample, in order.

    Example: isthmus cluster predict classes/ digits.npz --out classes.csv --grid classes.png
    """
    import numpy as np

    from isthmus import Clusterer
    from isthmus.errors import OptionError
    from isthmus.reports.gallery import Figure, write_gallery
    from isthmus.reports.pictures import save_png, sheet
    from isthmus.tasks.clustering import members

    apart(out=out, grid=grid, report=report)
    not_among(data, grid)
    not_over(model, out, grid, report, read=[data])
    task = load_as(model, Clusterer)
    for option, path in (("--grid", grid), ("--report", report)):
        if task.input_.kind != "pictures" and path is not None:
            raise OptionError(f"{option} is for pictures; these are rows of a table")
    samples = opened_for(task, data, skip=skip)
    chance = task.predict_proba(samples)
    found = chance.argmax(1)
    write_table(out, {"sample": names_of(samples, len(found)), "class": found, "chance": chance.max(1)})
    if grid is not None or report is not None:
        rows = [samples.part(places).arrays() for places in members(chance, SHOWN)]
        sizes = np.bincount(found, minlength=task.classes)
        labels = [f"class {kind}: {counted(size, 'picture')}" for kind, size in enumerate(sizes)]
        drawn = sheet(rows, labels, headings=["the surest of each class first"], columns=SHOWN)
        if grid is not None:
            save_png(drawn, grid)
        if report is not None:
            story = f"{model.name} has put each of {counted(len(found), 'picture')} into one of {task.classes} classes."
            shown = Figure(f"A row a class, at most {SHOWN} pictures of each; nobody named the classes.", drawn)
            write_gallery("Classes", story, [shown], report)
    typer.echo(f"The classes of {counted(len(found), 'sample')} are in {out}")
