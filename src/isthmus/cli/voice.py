"""``isthmus voice``: say what one recording says in the voice of another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.options import Json, ModelFolder, NewModel, Seed, Steps, given, load_as, print_json

__all__ = ["app"]

app = typer.Typer(
    help="Convert voices, any to any. Have the consent of whoever speaks in the voice you convert to.",
    no_args_is_help=True,
)

Recording = Annotated[Path, typer.Argument(help="WAV, FLAC, OGG or MP3 file.", show_default=False)]


@app.command()
def fit(
    folder: Annotated[Path, typer.Argument(help="Folder of recordings, a sub-folder a speaker.", show_default=False)],
    out: NewModel, steps: Steps = None, seed: Seed = 0, json_: Json = False,
) -> None:  # fmt: skip
    """Learn from recordings that nobody paired or transcribed.

    Example: isthmus voice fit speakers/ --out voices/
    """
    from isthmus import VoiceConverter

    task = VoiceConverter(random_state=seed, progress=True, **given(steps=steps)).fit(folder)
    task.save(out)
    told = {"model": str(out), "speakers": len(task.speakers_), "loss": task.history_.points[-1].losses["model"]}
    print_json(told) if json_ else typer.echo(f"The model of {told['speakers']} speakers is in {out}")


@app.command()
def convert(
    model: ModelFolder,
    content: Annotated[Path, typer.Option(help="Recording of what is to be said.", show_default=False)],
    voice: Annotated[list[Path], typer.Option(help="Recording of the voice; may be given often.", show_default=False)],
    out: Annotated[Path, typer.Option(help="WAV, FLAC or OGG file to write.", show_default=False)],
    json_: Json = False,
) -> None:
    """Say the content in the voice; the file tells that it was converted.

    Example: isthmus voice convert voices/ --content me.wav --voice her.wav --out result.wav
    """
    from isthmus import VoiceConverter

    seconds = load_as(model, VoiceConverter).convert_file(content=content, voice=voice, out=out)
    told = {"out": str(out), "seconds": round(seconds, 3)}
    print_json(told) if json_ else typer.echo(f"{seconds:.1f} s of converted sound are in {out}, and marked as such")


@app.command()
def inspect(recording: Recording, json_: Json = False) -> None:
    """Tell whether a file was made by voice conversion, as far as its own note says.

    Example: isthmus voice inspect result.wav
    """
    from isthmus.kinds import speech

    found = speech.note(recording)
    if json_:
        print_json({"file": str(recording), "note": found})
    else:
        typer.echo(found or f"{recording} carries no note; that does not prove it was never converted")
