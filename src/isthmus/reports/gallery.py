"""What a command has drawn as one HTML page: pictures with captions, no script, no request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from isthmus.files import replaced_file
from isthmus.reports.pictures import data_url, sheet
from isthmus.version import __version__
from isthmus.words import printable

__all__ = ["Figure", "beside", "strips_of", "write_gallery"]

SIDE = 256  # pixels of a photo that are shown: more would be scaled down, and noise with them
SHOWN = 10  # pictures of a row, or photos of a page


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture of pictures, and what it shows, in words."""

    caption: str
    drawn: Image.Image


def write_gallery(title: str, story: str, figures: Sequence[Figure], path: str | Path) -> None:
    """Write the page whole or not at all.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    environment = Environment(loader=PackageLoader("isthmus.reports"), autoescape=True, undefined=StrictUndefined)
    shown = [{"caption": printable(figure.caption), "url": data_url(figure.drawn)} for figure in figures]
    told = {"title": printable(title), "story": printable(story), "figures": shown, "version": __version__}
    page = environment.get_template("gallery.html").render(told)
    with replaced_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def strips_of(rows: Mapping[str, Sequence[np.ndarray]]) -> Image.Image:
    """Return pictures of one size in rows that have names."""
    return sheet(list(rows.values()), list(rows))


def beside(name: Path, before: np.ndarray, after: np.ndarray) -> Figure:
    """Return a picture before and after something was done to it; of a large one, the middle."""
    cut = max(before.shape[:2]) > SIDE
    caption = f"{name}{', its middle' if cut else ''}"
    return Figure(caption, sheet([[_middle(before), _middle(after)]], [""], headings=("before", "after")))


def _middle(picture: np.ndarray) -> np.ndarray:
    top, left = (max(0, (length - SIDE) // 2) for length in picture.shape[:2])
    return picture[top : top + SIDE, left : left + SIDE]
