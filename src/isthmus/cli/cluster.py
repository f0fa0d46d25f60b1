"""``isthmus cluster``: classes that nobody named."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.options import Data, Grey, Json, ModelFolder, NewModel, Seed, Size, Steps, load_as, print_json

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

    options = {} if steps is None else {"steps": steps}
    task = Clusterer(
        classes,
        size=size,
        grey=grey,
        mirror=mirror,
        random_state=seed,
        progress=True,
        **options,  # type: ignore[arg-type]
    ).fit(data)
    task.save(out)
    sizes = np.bincount(task.labels_, minlength=classes).tolist()
    told = ", ".join(f"{size:,}" for size in sizes)
    print_json({"model": str(out), "sizes": sizes}) if json_ else typer.echo(
        f"The model is in {out}; classes of {told}"
    )


@app.command()
def predict(
    model: ModelFolder, data: Data,
    out: Annotated[Path, typer.Option(help="CSV file to write: sample, class, chance.")],
    grid: Annotated[Path | None, typer.Option(help="PNG file: a row of pictures a class.")] = None,
) -> None:  # fmt: skip
    """Write the class of every sample, in order.

    Example: isthmus cluster predict classes/ digits.npz --out classes.csv --grid classes.png
    """
    import numpy as np

    from isthmus import Clusterer
    from isthmus.errors import OptionError
    from isthmus.files import replaced_file
    from isthmus.kinds.images import Pictures, to_arrays
    from isthmus.reports.pictures import grid as lay_out
    from isthmus.reports.pictures import save_png

    task = load_as(model, Clusterer)
    chance = task.predict_proba(data)
    found = chance.argmax(1)
    samples = task.input_.read(data)
    names = samples.names if isinstance(samples, Pictures) else [str(row) for row in range(len(found))]
    with replaced_file(out) as temporary:
        lines = [f'"{name}",{kind},{part[kind]:.4f}' for name, kind, part in zip(names, found, chance, strict=True)]
        temporary.write_text("\n".join(["sample,class,chance", *lines]) + "\n", encoding="utf-8")
    if grid is not None:
        if not isinstance(samples, Pictures):
            raise OptionError("--grid is for pictures; these are rows of a table")
        shown = [np.argsort(-chance[:, kind], kind="stable")[:12] for kind in range(task.classes)]
        pictures = to_arrays(samples.all())
        save_png(lay_out(pictures[np.concatenate(shown)], columns=len(shown[0])), grid)
    typer.echo(f"The classes of {len(found):,} samples are in {out}")
