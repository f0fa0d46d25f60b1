"""``isthmus cluster``: classes that nobody named."""

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
    print_json,
    write_table,
)

__all__ = ["app"]

app = typer.Typer(help="Group pictures or rows into classes without labels.", no_args_is_help=True)


@app.command()
def fit(
    data: Data, out: NewModel, classes: Annotated[int, typer.Option(help="How many.", min=2)] = 10,
    steps: Steps = None, size: Size = None, grey: Grey = None,
    mirror: Annotated[bool, typer.Option(help="A picture and its mirror image are the same thing.")] = False,
    seed: Seed = 0, json_: Json = False,
) -> None:  # fmt: skip
    """Learn the classes.

    Example: isthmus cluster fit digits.npz --classes 10 --out classes/
    """
    import numpy as np

    from isthmus import Clusterer

    options = given(steps=steps, size=size, grey=grey)
    task = Clusterer(classes, mirror=mirror, random_state=seed, progress=True, **options).fit(data)
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
    out: Annotated[Path, typer.Option(help="CSV or Parquet file to write: sample, class, chance.")],
    grid: Annotated[Path | None, typer.Option(help="PNG file: a row of pictures a class.")] = None,
) -> None:  # fmt: skip
    """Write the class of every sample, in order.

    Example: isthmus cluster predict classes/ digits.npz --out classes.csv --grid classes.png
    """
    import numpy as np

    from isthmus import Clusterer
    from isthmus.errors import OptionError
    from isthmus.kinds.images import Pictures, to_arrays
    from isthmus.reports.pictures import grid as lay_out
    from isthmus.reports.pictures import save_png

    task = load_as(model, Clusterer)
    if task.input_.kind != "pictures":
        if grid is not None:
            raise OptionError("--grid is for pictures; these are rows of a table")
        samples: Any = data
    else:
        samples = task.input_.read(data)
    chance = task.predict_proba(samples)
    found = chance.argmax(1)
    names = samples.names if isinstance(samples, Pictures) else [str(row) for row in range(len(found))]
    write_table(out, {"sample": names, "class": found, "chance": chance.max(1)})
    if grid is not None:
        shown = [np.argsort(-chance[:, kind], kind="stable")[:12] for kind in range(task.classes)]
        pictures = to_arrays(samples.all())
        save_png(lay_out(pictures[np.concatenate(shown)], columns=len(shown[0])), grid)
    typer.echo(f"The classes of {len(found):,} samples are in {out}")
