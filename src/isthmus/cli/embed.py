"""``isthmus embed``: a few numbers for each sample, and a map of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

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

app = typer.Typer(help="Reduce pictures or rows to a few numbers, and map them.", no_args_is_help=True)
METHODS = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}


@app.command("fit")
def fit_(
    data: Data, out: NewModel, dimensions: Annotated[int, typer.Option(help="Numbers a sample.")] = 32,
    steps: Steps = None, size: Size = None, grey: Grey = False, colour: Colour = False, fit: Fit = None,
    skip: Skip = False, seed: Seed = 0, json_: Json = False,
) -> None:  # fmt: skip
    """Learn the codes.

    Example: isthmus embed fit photos/ --dimensions 16 --out codes/
    """
    from isthmus import Embedder

    tone = in_grey(grey, colour)
    options = given(steps=steps, size=size, grey=tone)
    task = Embedder(dimensions, random_state=seed, progress=True, **options)
    task.fit(opened(data, size=size, grey=tone, fit=fit, skip=skip))
    task.save(out)
    told = {"model": str(out), "dimensions": dimensions, "loss": task.history_.points[-1].losses["model"]}
    print_json(told) if json_ else typer.echo(f"The model is in {out}; its last loss was {told['loss']:.4g} nats")


@app.command()
def transform(
    model: ModelFolder,
    data: Data,
    out: Annotated[Path, typer.Option(help="CSV or Parquet file to write.", callback=table_can_be_made)],
    skip: Skip = False,
) -> None:
    """Write the code of every sample, in order; of a picture, with its name.

    Example: isthmus embed transform codes/ photos/ --out codes.csv
    """
    from isthmus import Embedder

    not_over(model, out, read=[data])
    task = load_as(model, Embedder)
    samples = opened_for(task, data, skip=skip)
    codes = task.transform(samples)
    names = {"picture": names_of(samples, len(codes))} if task.input_.kind == "pictures" else {}
    write_table(out, names | {f"code_{number}": codes[:, number] for number in range(codes.shape[1])})
    told = f"{counted(len(codes), 'code')} of {counted(codes.shape[1], 'number')}"
    typer.echo(f"{told} {'is' if len(codes) == 1 else 'are'} in {out}")


@app.command("map")
def map_(
    model: ModelFolder, data: Data,
    out: Annotated[Path, typer.Option(help="PNG file to write.", callback=picture_can_be_made)],
    method: Annotated[
        Literal["pca", "tsne", "umap"] | None, typer.Option(help="How to lay them out; by default t-SNE.")
    ] = None,
    of: Annotated[
        Literal["codes", "data"] | None, typer.Option(help="What to lay out: by default the codes, or the data itself.")
    ] = None,
    beside: Annotated[bool, typer.Option("--beside", help="All six: the data and the codes, by each method.")] = False,
    report: Report = None, skip: Skip = False,
) -> None:  # fmt: skip
    """Draw every sample as a point in the plane, and some of the pictures.

    Example: isthmus embed map codes/ photos/ --method umap --out map.png
    """
    import numpy as np

    from isthmus import Embedder
    from isthmus.errors import OptionError
    from isthmus.reports.pictures import grid, save_png
    from isthmus.tasks.maps import check_methods

    if beside and (method or of):
        raise OptionError("--beside draws every map: leave out --method and --of")
    apart(out=out, report=report)
    not_among(data, out)
    not_over(model, out, report, read=[data])
    six = [(what, by) for what in ("data", "codes") for by in METHODS]
    wanted = six if beside else [(of or "codes", method or "tsne")]
    check_methods(by for _, by in wanted)
    task = load_as(model, Embedder).set_params(random_state=0)
    samples = opened_for(task, data, skip=skip)
    maps = [_drawn(samples, *each) for each in zip(task.maps(samples, wanted), wanted, strict=True)]
    drawn = grid([np.asarray(one) for one in maps], columns=len(METHODS)) if beside else maps[0]
    save_png(drawn, out)
    if report is not None:
        _tell(task, samples, drawn, report, model.name)
    typer.echo(f"The {'maps are' if beside else 'map is'} in {out}")


def _tell(task: Any, samples: Any, drawn: Any, report: Path, model: str) -> None:
    """Write a page: the map, and of pictures what comes back from their codes."""
    import torch

    from isthmus.kinds.images import Pictures
    from isthmus.reports.gallery import SHOWN, Figure, strips_of, write_gallery

    figures = [Figure("Each sample is a point; those that are alike should lie near each other.", drawn)]
    if isinstance(samples, Pictures):
        few = samples.part(torch.linspace(0, len(samples) - 1, min(SHOWN, len(samples))).long())
        back = task.inverse_transform(task.transform(few))
        told = f"Some of them, and what comes back of each through {counted(task.dimensions, 'number')}."
        figures.append(Figure(told, strips_of({"in": few.arrays(), "out": back})))
    story = f"An auto-encoder, {model}, has turned each sample into {counted(task.dimensions, 'number')}."
    write_gallery("A map", story, figures, report)


def _drawn(samples: Any, places: Any, wanted: tuple[str, str]) -> Any:
    """Return one map, with thumbnails where they do not overlap."""
    import torch

    from isthmus.kinds.images import Pictures
    from isthmus.reports.pictures import scatter_png, spread

    of, method = wanted
    shown: dict[int, Any] = {}
    if isinstance(samples, Pictures):
        some = spread(places)
        shown = dict(zip(some, samples.part(torch.tensor(some)).arrays(), strict=True))
    things = counted(len(places), "picture" if shown else "row")
    what = "codes" if of == "codes" else "pixels" if shown else "columns"
    return scatter_png(places, caption=f"{things}: their {what} by {METHODS[method]}", shown=shown)
