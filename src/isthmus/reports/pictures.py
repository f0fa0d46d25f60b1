"""Pictures of pictures: grids, strips and heat maps, as PNG files and inside a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

from isthmus.files import replaced_file
from isthmus.tasks.picture_judge import PictureReason

__all__ = ["data_url", "grid", "heat_map", "in_rows", "save_png", "scatter_png", "sheet", "spread", "strips"]

GAP, GROUND = 2, 128  # pixels between pictures, and their grey
FONT, MARGIN, LONGEST = 14, 6, 40  # pixels of a letter and around it; letters of a label
DOTS, THUMB = 110, 28  # of a map: dots an inch, and dots of a thumbnail's longer side
EDGE = 0.07  # of a map's side: half a thumbnail, and a line above
SMALLEST = 48  # pixels; smaller pictures are enlarged by a whole factor, so that their pixels are seen


def grid(pictures: np.ndarray | Sequence[np.ndarray], columns: int | None = None) -> Image.Image:
    """Lay pictures of one size out in rows, uint8 (N, H, W) or (N, H, W, 3); by default in a square."""
    rows = in_rows(pictures, columns)
    return _laid_out(rows, len(rows[0]))


def in_rows(pictures: Any, columns: int | None = None) -> list[Any]:
    """Return pictures in rows of so many; by default in a square."""
    columns = columns or int(np.ceil(np.sqrt(len(pictures))))
    return [pictures[at : at + columns] for at in range(0, len(pictures), columns)]


def sheet(
    rows: Sequence[Sequence[np.ndarray]], labels: Sequence[str], *, headings: Sequence[str] = (), columns: int = 0
) -> Image.Image:
    """Lay rows of pictures out with a label at the left of each and headings above, evenly; rows may be short.

    Letters that the font lacks are written as their numbers.
    """
    columns = max(columns, *(len(row) for row in rows))
    whole, font = _laid_out(rows, columns, smallest=5 * FONT), _font()[0]
    # of a long label the end says most
    labels = [label if len(label) <= LONGEST else "…" + label[-LONGEST:] for label in map(_in_font, labels)]
    headings = list(map(_in_font, headings))
    left = 2 * MARGIN + max(int(font.getlength(label)) for label in labels)
    top = FONT + 2 * MARGIN if headings else 0
    widest = int(max((font.getlength(heading) for heading in headings), default=0)) * len(headings)
    framed = Image.new("RGB", (left + max(whole.width, widest + MARGIN), top + whole.height), "white")
    framed.paste(whole, (left, top))
    drawn = ImageDraw.Draw(framed)
    for number, label in enumerate(labels):
        middle = top + whole.height * (number + 0.5) / len(rows)
        drawn.text((left - MARGIN, middle), label, fill="black", font=font, anchor="rm")
    for number, heading in enumerate(headings):
        middle = left + (framed.width - left) * (number + 0.5) / len(headings)
        drawn.text((middle, top - MARGIN), heading, fill="black", font=font, anchor="ms")
    return framed


@cache
def _font() -> tuple[ImageFont.FreeTypeFont, frozenset[int]]:
    """Return the font that comes with matplotlib, and the letters it has: more than those of Pillow's own."""
    path = str(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))
    return ImageFont.truetype(path, FONT), frozenset(FT2Font(path).get_charmap())


def _in_font(text: str) -> str:
    r"""Return text with the letters that the font lacks written as \u732b."""
    return "".join(letter if ord(letter) in _font()[1] else ascii(letter)[1:-1] for letter in text)


def _laid_out(
    rows: Sequence[Sequence[np.ndarray] | np.ndarray], columns: int, *, smallest: int = SMALLEST
) -> Image.Image:
    """Return pictures in their places, enlarged by a whole factor where they are small."""
    height, width = next(picture for row in rows for picture in row).shape[:2]
    size = (len(rows) * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3)
    whole = np.full(size, GROUND, np.uint8)
    for down, row in enumerate(rows):
        for across, picture in enumerate(row):
            top, left = down * (height + GAP), across * (width + GAP)
            coloured = picture if picture.ndim == 3 else picture[..., None]
            whole[top : top + height, left : left + width] = coloured
    times = max(1, -(-smallest // max(height, width)))
    return Image.fromarray(whole.repeat(times, 0).repeat(times, 1))


def strips(reasons: Sequence[PictureReason]) -> list[list[np.ndarray]]:
    """Return of each picture itself, what was expected of it, and where it is odd on one scale for all."""
    hottest = max((float(reason.heat.max()) for reason in reasons), default=0.0)
    return [[reason.seen, reason.expected, heat_map(reason.seen, reason.heat, hottest)] for reason in reasons]


def heat_map(seen: np.ndarray, heat: np.ndarray, hottest: float) -> np.ndarray:
    """Lay nats a pixel over a picture, as bright as the hottest of all pictures shown allows: -> uint8 (H, W, 3)."""
    share = np.sqrt(np.clip(heat / max(hottest, 1e-9), 0, 1))  # or one very odd picture leaves all others dark
    colours = mpl.colormaps["inferno"](share)[..., :3] * 255
    grey = seen if seen.ndim == 2 else seen.mean(2)
    weight = 0.25 + 0.75 * share[..., None]
    return np.rint(weight * colours + (1 - weight) * grey[..., None]).astype(np.uint8)


def save_png(picture: Image.Image, path: str | Path) -> None:
    """Write a PNG file whole or not at all.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    with replaced_file(path) as temporary:
        picture.save(temporary, format="PNG")


def data_url(picture: Image.Image) -> str:
    """Return a picture as a URL that stands inside a page."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def scatter_png(
    places: np.ndarray,
    groups: np.ndarray | None = None,
    side: float = 5.0,
    *,
    caption: str = "",
    shown: Mapping[int, np.ndarray] | None = None,
) -> Image.Image:
    """Draw points in the plane, coloured by group where groups are known, with pictures of some of them."""
    from matplotlib.figure import Figure
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    figure = Figure(figsize=(side, side), dpi=DOTS)
    axes = figure.add_axes((EDGE, EDGE, 1 - 2 * EDGE, 1 - 2 * EDGE))
    axes.set_axis_off()
    axes.set_title(caption, fontsize=10)
    colours = {"color": "#3b82c4"} if groups is None else {"c": groups, "cmap": "tab10"}
    axes.scatter(places[:, 0], places[:, 1], s=9, linewidths=0, **colours)
    for place, picture in (shown or {}).items():
        scale = THUMB / max(picture.shape[:2]) * 72 / DOTS
        image = OffsetImage(picture, zoom=scale, cmap="grey", norm=Normalize(0, 255))
        axes.add_artist(AnnotationBbox(image, tuple(places[place]), pad=0.1))
    if groups is not None:
        for group in np.unique(groups):
            x, y = np.median(places[groups == group], axis=0)
            axes.text(x, y, str(group), weight="bold", ha="center", va="center",
                      bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1})  # fmt: skip
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")


def spread(places: np.ndarray, side: float = 5.0) -> list[int]:
    """Return points so far apart that their thumbnails do not overlap, in their order: (n, 2) -> indices."""
    width = np.maximum(np.ptp(places, axis=0), 1e-9)
    scaled = (places - places.min(0)) / width
    apart = 1.5 * THUMB / (side * DOTS)
    chosen: list[int] = []
    for number, place in enumerate(scaled):
        if all(np.abs(place - scaled[other]).max() >= apart for other in chosen):
            chosen.append(number)
    return chosen
