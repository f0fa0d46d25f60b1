"""``isthmus denoise``: clean pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from isthmus.cli.options import Data, Grey, Json, ModelFolder, NewModel, Seed, Steps, given, load_as, print_json

__all__ = ["app"]

app = typer.Typer(help="Take the noise out of pictures.", no_args_is_help=True)


Noise = Literal["gaussian", "salt-and-pepper", "masking"]


@app.command()
def fit(
    data: Data, out: NewModel,
    noise: Annotated[Noise, typer.Option(help="What to undo.")] = "gaussian",
    level: Annotated[float, typer.Option(help="Deviation as a share of white, or share of spoiled pixels.")] = 0.1,
    steps: Steps = None,
    width: Annotated[int | None, typer.Option(help="Channels of the network: more are better, and slower.")] = None,
    grey: Grey = None, seed: Seed = 0, json_: Json = False,
) -> None:  # fmt: skip
    """Learn from clean pictures.

    Example: isthmus denoise fit photos/ --level 0.1 --out cleaner/
    """
    from isthmus import Denoiser

    options = given(steps=steps, width=width, grey=grey)
    task = Denoiser(noise, level, random_state=seed, progress=True, **options).fit(data)
    task.save(out)
    print_json({"model": str(out)}) if json_ else typer.echo(f"The model is in {out}")


@app.command()
def restore(
    model: ModelFolder, data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the restored pictures, PNG under their own names.")],
    thorough: Annotated[
        bool, typer.Option(help="Average over eight ways to see a picture: slower, a little better.")
    ] = False,
) -> None:  # fmt: skip
    """Restore one picture or a folder of them, of any size.

    Example: isthmus denoise restore cleaner/ noisy/ --out clean/
    """
    from PIL import Image

    from isthmus import Denoiser
    from isthmus.errors import OutputError
    from isthmus.kinds import picture_files
    from isthmus.reports.pictures import save_png

    task = load_as(model, Denoiser)
    paths = [data] if data.is_file() else picture_files.find(data)
    root = data.parent if data.is_file() else data
    if out.exists() and not out.is_dir():
        raise OutputError(f"cannot write {out}: a file of that name exists")
    for path in paths:
        (restored,) = task.restore(path, thorough=thorough)
        target = (out / path.relative_to(root)).with_suffix(".png")
        target.parent.mkdir(parents=True, exist_ok=True)
        save_png(Image.fromarray(restored), target)
    typer.echo(f"{len(paths):,} restored pictures are in {out}")
