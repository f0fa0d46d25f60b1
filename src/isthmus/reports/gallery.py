"""What a command has drawn as one HTML page: pictures with captions, no script, no request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from isthmus.reports.page import write_page
from isthmus.reports.pictures import data_url, sheet
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
    shown = [{"caption": printable(figure.caption), "url": data_url(figure.drawn)} for figure in figures]
    write_page("gallery.html", path, title=printable(title), story=printable(story), figures=shown)


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
