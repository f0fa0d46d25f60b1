"""``isthmus embed``: a few numbers for each sample, and a map of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

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
    table_can_be_made,
    write_table,
)
from isthmus.words import counted

__all__ = ["app"]

app = typer.Typer(help="Reduce pictures or rows to a few numbers, and map them.", no_args_is_help=True)
METHODS = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}


@app.command()
def fit(
    data: Data, out: NewModel, dimensions: Annotated[int, typer.Option(help="Numbers a sample.")] = 32,
    steps: Steps = None, size: Size = None, grey: Grey = None, seed: Seed = 0, json_: Json = False,
) -> None:  # fmt: skip
    """Learn the codes.

    Example: isthmus embed fit photos/ --dimensions 16 --out codes/
    """
    from isthmus import Embedder

    options = given(steps=steps, size=size, grey=grey)
    task = Embedder(dimensions, random_state=seed, progress=True, **options).fit(data)
    task.save(out)
    told = {"model": str(out), "dimensions": dimensions, "loss": task.history_.points[-1].losses["model"]}
    print_json(told) if json_ else typer.echo(f"The model is in {out}; its last loss was {told['loss']:.4g} nats")


@app.command()
def transform(
    model: ModelFolder,
    data: Data,
    out: Annotated[Path, typer.Option(help="CSV or Parquet file to write.", callback=table_can_be_made)],
) -> None:
    """Write the code of every sample, in order; of a picture, with its name.

    Example: isthmus embed transform codes/ photos/ --out codes.csv
    """
    from isthmus import Embedder
    from isthmus.kinds.images import Pictures

    task = load_as(model, Embedder)
    samples: Any = task.input_.read(data) if task.input_.kind == "pictures" else data
    codes = task.transform(samples)
    names = {"picture": samples.names} if isinstance(samples, Pictures) else {}
    write_table(out, names | {f"code_{number}": codes[:, number] for number in range(codes.shape[1])})
    told = f"{counted(len(codes), 'code')} of {counted(codes.shape[1], 'number')}"
    typer.echo(f"{told} {'is' if len(codes) == 1 else 'are'} in {out}")


@app.command("map")
def map_(
    model: ModelFolder, data: Data,
    out: Annotated[Path, typer.Option(help="PNG file to write.", callback=picture_can_be_made)],
    method: Annotated[Literal["pca", "tsne", "umap"], typer.Option(help="How to lay them out.")] = "tsne",
) -> None:  # fmt: skip
    """Draw every sample as a point in the plane, and some of the pictures.

    Example: isthmus embed map codes/ photos/ --method umap --out map.png
    """
    import torch

    from isthmus import Embedder
    from isthmus.kinds.images import Pictures
    from isthmus.reports.pictures import save_png, scatter_png, spread

    task = load_as(model, Embedder).set_params(random_state=0)
    samples: Any = task.input_.read(data) if task.input_.kind == "pictures" else data
    places = task.map(samples, method)
    shown: dict[int, Any] = {}
    if isinstance(samples, Pictures):
        some = spread(places)
        shown = dict(zip(some, samples.part(torch.tensor(some)).arrays(), strict=True))
    things = counted(len(places), "picture" if shown else "row")
    save_png(scatter_png(places, caption=f"{things} by {METHODS[method]}", shown=shown), out)
    typer.echo(f"The map is in {out}")
