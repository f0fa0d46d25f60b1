"""``isthmus denoise``: clean pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from isthmus.cli.options import (
    Colour,
    Grey,
    Json,
    ModelFolder,
    NewModel,
    Report,
    Seed,
    Skip,
    Steps,
    apart,
    can_be_made,
    for_pictures_alone,
    given,
    in_grey,
    load_as,
    not_over,
    print_json,
)
from isthmus.words import counted

__all__ = ["app"]

app = typer.Typer(help="Take the noise out of pictures.", no_args_is_help=True)


Pictures = Annotated[
    Path, typer.Argument(help="Folder of pictures, one picture, or .npz of pictures.", show_default=False)
]
Noise = Literal["gaussian", "salt-and-pepper", "masking"]


@app.command()
def fit(
    data: Pictures, out: NewModel,
    noise: Annotated[Noise, typer.Option(help="What to undo.")] = "gaussian",
    level: Annotated[float, typer.Option(help="Deviation as a share of white, or share of spoiled pixels.")] = 0.1,
    steps: Steps = None,
    width: Annotated[int | None, typer.Option(help="Channels of the network: more are better, and slower.")] = None,
    grey: Grey = False, colour: Colour = False, skip: Skip = False, seed: Seed = 0, json_: Json = False,
) -> None:  # fmt: skip
    """Learn from clean pictures.

    Example: isthmus denoise fit photos/ --level 0.1 --out cleaner/
    """
    from isthmus import Denoiser

    tone = in_grey(grey, colour)
    options = given(steps=steps, width=width, grey=tone)
    task = Denoiser(noise, level, random_state=seed, progress=True, **options).fit(data, skip=skip)
    task.save(out)
    print_json({"model": str(out)}) if json_ else typer.echo(f"The model is in {out}")


@app.command()
def restore(
    model: ModelFolder, data: Pictures,
    out: Annotated[
        Path, typer.Option(help="Folder for the restored pictures, PNG under their own names.", callback=can_be_made)
    ],
    thorough: Annotated[
        bool, typer.Option(help="Average over eight ways to see a picture: slower, a little better.")
    ] = False,
    report: Report = None, skip: Skip = False,
) -> None:  # fmt: skip
    """Restore one picture or a folder of them, of any size, grey or in colour as each is.

    The folder is new, empty, or holds what was restored earlier, and lies outside the pictures'.

    Example: isthmus denoise restore cleaner/ noisy/ --out clean/
    """
    from isthmus import Denoiser
    from isthmus.reports.gallery import SHOWN, beside, write_gallery

    apart(out=out, report=report)
    for_pictures_alone(out, report)
    not_over(model, out, report)
    shown: list[Any] = []

    def seen(*before_and_after: Any) -> None:
        if report is not None and len(shown) < SHOWN:
            shown.append(beside(*before_and_after))  # a middle of each, not whole photos

    count = load_as(model, Denoiser).restore_files(data, out, thorough=thorough, skip=skip, seen=seen)
    if report is not None:
        few = f"; the first {SHOWN} are here" if count > SHOWN else ""
        story = f"{model.name} has taken the noise out of {counted(count, 'picture')}{few}."
        write_gallery("Pictures restored", story, shown, report)
    typer.echo(f"{counted(count, 'restored picture')} {'is' if count == 1 else 'are'} in {out}")
