"""Arguments that several commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from isthmus.words import a

__all__ = [
    "Checkpoint", "Colour", "Data", "Fit", "Grey", "Json", "ModelFolder", "NewModel", "NewPage", "Report", "Seed",
    "Size", "Skip", "Steps", "apart", "can_be_made", "for_pictures_alone", "given", "in_grey", "load_as", "names_of",
    "not_among", "not_over", "opened", "opened_for", "picture_can_be_made", "print_json", "sound_can_be_made",
    "table_can_be_made", "write_table",
]  # fmt: skip

Data = Annotated[
    Path, typer.Argument(help="Folder of pictures, .npz of pictures, or a table (CSV, Parquet).", show_default=False)
]
ModelFolder = Annotated[Path, typer.Argument(help="Model folder that `fit` wrote.", show_default=False)]


def can_be_made(path: Path) -> Path:
    """Refuse, before any work, a place that nothing can be written to."""
    from isthmus.files import check_place

    check_place(path)
    return path


def _model_can_be_made(path: Path) -> Path:
    """Refuse, before any work, a place where no model can be written, or where something else would be lost."""
    from isthmus.store import check_folder

    check_folder(path)
    return path


def picture_can_be_made(path: Path | None) -> Path | None:
    """Refuse, before any work, a PNG file that cannot be written, or that has another's ending."""
    return None if path is None else _file_can_be_made(path, [".png"])


def table_can_be_made(path: Path | None) -> Path | None:
    """Refuse, before any work, a table that cannot be written, or that has no table's ending."""
    from isthmus.kinds.table_files import TableWriter

    if path is None:
        return None
    TableWriter(path)
    return _file_can_be_made(path)


def sound_can_be_made(path: Path) -> Path:
    """Refuse, before any work, a sound file that cannot be written, or that has another's ending."""
    from isthmus.kinds.speech import FORMATS

    return _file_can_be_made(path, FORMATS)


def _checkpoint_can_be_made(path: Path | None) -> Path | None:
    """Refuse, before any work, a file that training cannot be saved to."""
    return None if path is None else _file_can_be_made(path)


def _page_can_be_made(path: Path | None) -> Path | None:
    """Refuse, before any work, a page that cannot be written, or that has another's ending."""
    return None if path is None else _file_can_be_made(path, [".html", ".htm"])


def apart(**files: Path | None) -> None:
    """Refuse options that name one file to write twice."""
    from isthmus.errors import OptionError

    seen: dict[Path, str] = {}
    for option, path in files.items():
        option = option.replace("_", "-")
        if path is not None and seen.setdefault(path.resolve(), option) != option:
            raise OptionError(f"--{seen[path.resolve()]} and --{option} are both {path}: give each a name of its own")


def not_among(data: Path, *files: Path | None) -> None:
    """Refuse to write pictures into the folder they are read from: the next command would read them, too."""
    from isthmus.errors import OutputError

    for path in files:
        if path is not None and data.is_dir() and _lies_in(data, path):
            raise OutputError(
                f"cannot write {path}: it lies among the pictures to read, in {data}; nothing was changed"
            )


def not_over(model: Path, *files: Path | None, read: Iterable[Path | None] = ()) -> None:
    """Refuse to write into the folder of a model, or over what is read."""
    from isthmus.errors import OutputError

    inputs = {path.resolve() for path in read if path is not None}
    for path in files:
        if path is not None and _lies_in(model, path):
            raise OutputError(f"cannot write {path}: it lies in the model {model}; nothing was changed")
        if path is not None and path.resolve() in inputs:
            raise OutputError(f"cannot write {path}: it is what is to be read; nothing was changed")


def for_pictures_alone(folder: Path, page: Path | None) -> None:
    """Refuse a page among restored pictures: the next command would find a file there that it has not written."""
    from isthmus.errors import OutputError

    if page is not None and _lies_in(folder, page):
        raise OutputError(
            f"cannot write {page}: the folder {folder} is for restored pictures alone; write the page beside it; "
            "nothing was changed"
        )


def _lies_in(folder: Path, path: Path) -> bool:
    return folder.resolve() in path.resolve().parents


def _file_can_be_made(path: Path, endings: Collection[str] = ()) -> Path:
    from isthmus.errors import OutputError
    from isthmus.files import told

    if endings and path.suffix.lower() not in endings:
        raise OutputError(f"cannot write {path}: the name must end in {', '.join(endings)}; nothing was changed")
    with told(path):
        if path.is_dir():
            raise OutputError(f"cannot write {path}: a folder of that name exists; nothing was changed")
    return can_be_made(path)


NewModel = Annotated[
    Path,
    typer.Option("--out", help="Folder to write the model to.", show_default=False, callback=_model_can_be_made),
]
NewPage = Annotated[
    Path, typer.Option("--out", help="HTML file to write.", show_default=False, callback=_page_can_be_made)
]
Checkpoint = Annotated[
    Path | None, typer.Option(help="File to resume from if interrupted.", callback=_checkpoint_can_be_made)
]
Report = Annotated[
    Path | None, typer.Option("--report", help="HTML page to write: pictures and captions.", callback=_page_can_be_made)
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same result.")]
Size = Annotated[int | None, typer.Option(help="Side in pixels to bring pictures to; by default their own.")]
Grey = Annotated[bool, typer.Option("--grey", help="Pictures in grey; by default as they are.")]
Colour = Annotated[bool, typer.Option("--colour", help="Pictures in colour; by default as they are.")]
Fit = Annotated[
    Literal["crop", "pad", "stretch"] | None,
    typer.Option(help="Of pictures of other proportions: crop (by default), pad or stretch.", metavar="<word>"),
]
Skip = Annotated[bool, typer.Option("--skip", help="Leave out pictures that cannot be read, with a note.")]
Steps = Annotated[
    int | None, typer.Option(help="Training steps; more take longer and fit better.", min=1, metavar="<int>")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def given(**options: Any) -> dict[str, Any]:
    """Return the options that a person gave; a task has its own defaults for the others."""
    return {name: value for name, value in options.items() if value is not None}


def in_grey(grey: bool, colour: bool) -> bool | None:
    """Return whether pictures are to be grey, as two options ask; None where neither does."""
    from isthmus.errors import OptionError

    if grey and colour:
        raise OptionError("--grey and --colour contradict each other: give one of them")
    return grey if grey or colour else None


def opened(data: Path, frame: Any = None, *, skip: bool = False, **options: Any) -> Any:
    """Open pictures in a model's frame, or by the options given; a table is handed on, and takes neither.

    `options` are those of `open_pictures`.
    """
    from isthmus.errors import OptionError
    from isthmus.kinds.images import are_pictures, open_pictures

    asked = given(**options)
    if frame is not None or are_pictures(data):
        return open_pictures(data, frame, skip=skip, **asked)
    for name in (["skip"] if skip else []) + list(asked):
        if data.exists():
            option = "colour" if name == "grey" and not asked[name] else name
            raise OptionError(f"--{option} is for pictures: {data} is a table")
    return data


def opened_for(task: Any, data: Path, *, skip: bool) -> Any:
    """Open pictures as a fitted task takes them; a table is handed on."""
    return opened(data, getattr(task.input_, "frame", None), skip=skip)


def names_of(samples: Any, count: int) -> list[str]:
    """Return what to call each sample in a table that is written: a picture by its name, a row by its number."""
    from isthmus.kinds.images import Pictures

    return samples.names if isinstance(samples, Pictures) else [str(row) for row in range(count)]


def write_table(path: Path, columns: dict[str, Any]) -> None:
    """Write columns as CSV or Parquet, whole or not at all."""
    import pyarrow as pa

    from isthmus.kinds.table_files import TableWriter

    with TableWriter(path) as writer:
        writer.write(pa.table(columns))


def load_as(folder: Path, task: type) -> Any:
    """Load a model folder and see to it that it holds this task."""
    import isthmus
    from isthmus.errors import ModelError

    model = isthmus.load(folder)
    if not isinstance(model, task):
        raise ModelError(f"{folder} holds {a(type(model).__name__)}; this command needs {a(task.__name__)}")
    return model


def print_json(value: object) -> None:
    """Print JSON to standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")
