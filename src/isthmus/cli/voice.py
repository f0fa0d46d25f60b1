"""``isthmus voice``: say what one recording says in the voice of another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from isthmus.cli.options import (
    Checkpoint,
    Json,
    NewModel,
    NewPage,
    Seed,
    Steps,
    apart,
    given,
    load_as,
    not_over,
    print_json,
    sound_can_be_made,
)

__all__ = ["app"]

app = typer.Typer(
    help="Convert voices, any to any. Have the consent of whoever speaks in the voice you convert to.",
    no_args_is_help=True,
)

Recipe = Literal["adain", "adversarial", "autovc", "units", "sounds"]
Model = Annotated[Path, typer.Argument(help="Model folder that `fit` wrote, or the word bundled.", show_default=False)]
Vocoder = Annotated[
    Path | None,
    typer.Option(help="Folder of a published vocoder, Vocos or BigVGAN, that gives the sound.", show_default=False),
]
Recording = Annotated[Path, typer.Argument(help="WAV, FLAC, OGG or MP3 file.", show_default=False)]


@app.command()
def fit(
    folder: Annotated[Path, typer.Argument(help="Folder of recordings, a sub-folder a speaker.", show_default=False)],
    out: NewModel,
    recipe: Annotated[Recipe, typer.Option(help="How content and voice are kept apart.")] = "adain",
    steps: Steps = None,
    width: Annotated[int | None, typer.Option(help="Channels of the networks: more are better, and slower.")] = None,
    content: Annotated[
        int | None, typer.Option(help="Numbers that say what is said: with too many the old voice passes, too.")
    ] = None,
    entries: Annotated[int | None, typer.Option(help="How many discrete units there are.")] = None,
    vocoder_steps: Annotated[
        int | None, typer.Option(help="Training steps of a vocoder; some ten thousand, or none.")
    ] = None,
    seed: Seed = 0,
    checkpoint: Checkpoint = None,
    json_: Json = False,
) -> None:  # fmt: skip
    """Learn from recordings that nobody paired or transcribed.

    Example: isthmus voice fit speakers/ --out voices/
    """
    from isthmus import VoiceConverter

    apart(out=out, checkpoint=checkpoint)
    not_over(out, checkpoint)
    sizes = given(steps=steps, width=width, content=content, entries=entries, vocoder_steps=vocoder_steps)
    task = VoiceConverter(recipe, random_state=seed, checkpoint=checkpoint, progress=True, **sizes).fit(folder)
    task.save(out)
    told = {"model": str(out), "speakers": len(task.speakers_), "loss": task.history_.points[-1].losses["model"]}
    print_json(told) if json_ else typer.echo(f"The model of {told['speakers']} speakers is in {out}")


@app.command()
def convert(
    model: Model,
    content: Annotated[Path, typer.Option(help="Recording of what is to be said.", show_default=False)],
    voice: Annotated[list[Path], typer.Option(help="Recording of the voice; may be given often.", show_default=False)],
    out: Annotated[
        Path, typer.Option(help="WAV, FLAC or OGG file to write.", show_default=False, callback=sound_can_be_made)
    ],
    vocoder: Vocoder = None,
    json_: Json = False,
) -> None:
    """Say the content in the voice; the file tells that it was converted.

    Example: isthmus voice convert voices/ --content me.wav --voice her.wav --out result.wav
    """
    from isthmus.words import printable

    apart(content=content, out=out)
    for one in voice:
        apart(voice=one, out=out)
    seconds = _voices(model).use_vocoder(vocoder).convert_file(content=content, voice=voice, out=out)
    told = {"out": printable(out), "seconds": round(seconds, 3)}
    words = f"{seconds:.1f} s of converted sound are in {told['out']}, and marked as such"
    print_json(told) if json_ else typer.echo(words)


@app.command()
def compare(
    model: Model,
    content: Annotated[Path, typer.Option(help="Recording of what is to be said.", show_default=False)],
    voice: Annotated[Path, typer.Option(help="Recording of the voice.", show_default=False)],
    out: NewPage,
    result: Annotated[Path | None, typer.Option(help="Converted file to judge; by default it is made now.")] = None,
    vocoder: Vocoder = None,
    json_: Json = False,
) -> None:
    """Write a page with players, pictures of the sound before and after, and figures that judge the conversion.

    Example: isthmus voice compare voices/ --content me.wav --voice her.wav --out page.html
    """
    from isthmus.reports.voice import write_comparison

    found = _voices(model).use_vocoder(vocoder).compare(content=content, voice=voice, result=result)
    write_comparison(found, out)
    print_json({"page": str(out)} | found.to_json()) if json_ else typer.echo(f"The page is {out}")


@app.command()
def units(
    model: Model, recording: Recording,
    phones: Annotated[
        Path | None, typer.Option(help="Folder of recordings with .phn labels, to name the units by.")
    ] = None,
    json_: Json = False,
) -> None:  # fmt: skip
    """Print the discrete units of a recording: from when to when, which, and the phone it most often stands at.

    Example: isthmus voice units units/ a.wav
    """
    from isthmus.tasks.voice_units import runs

    task = _voices(model)
    found, seconds = runs(task.units(recording)), task.unit_seconds_
    named = {} if phones is None else dict(task.phone_map(phones)[0][["unit", "phone"]].itertuples(index=False))
    rows = [
        {"start": round(start * seconds, 3), "end": round(end * seconds, 3), "unit": unit}
        | ({"phone": named.get(unit, "")} if phones is not None else {})
        for start, end, unit in found
    ]
    if json_:
        print_json(rows)
    else:
        for row in rows:
            typer.echo("\t".join(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()))


@app.command()
def inspect(recording: Recording, json_: Json = False) -> None:
    """Tell whether a file was made by voice conversion, as far as its own note says.

    Example: isthmus voice inspect result.wav
    """
    from isthmus.kinds.speech import note
    from isthmus.tasks.voice_note import tells_of_conversion
    from isthmus.words import printable

    found, name = note(recording), printable(recording)
    converted = tells_of_conversion(found)
    if json_:
        print_json({"file": name, "converted": converted, "note": found})
    elif converted:
        typer.echo(found)
    else:
        other = f"; its comment is {found!r}" if found else ""
        typer.echo(f"{name} carries no note of a conversion; that does not prove it was never converted{other}")


def _voices(model: Path) -> Any:
    """Load a model folder, or what comes with the package."""
    from isthmus import VoiceConverter

    if str(model) == "bundled" and not model.exists():
        return VoiceConverter.bundled()
    return load_as(model, VoiceConverter)
