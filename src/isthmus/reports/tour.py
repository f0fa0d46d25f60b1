"""The tour as one HTML page: no script, no request, readable on a telephone and in the dark."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from isthmus.files import replaced_file
from isthmus.reports.pictures import data_url, grid, in_rows, scatter_png, sheet
from isthmus.tasks.tour import Places, Station, Strip
from isthmus.version import __version__

__all__ = ["write_tour"]


def write_tour(stations: Iterable[Station], path: str | Path) -> None:
    """Write the page whole or not at all.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    environment = Environment(loader=PackageLoader("isthmus.reports"), autoescape=True, undefined=StrictUndefined)
    told = [{"station": station, "figures": [_drawn(figure) for figure in station.figures]} for station in stations]
    page = environment.get_template("tour.html").render(stations=told, version=__version__)
    with replaced_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _drawn(figure: Strip | Places) -> dict[str, Any]:
    if isinstance(figure, Places):
        return {"caption": figure.caption, "url": data_url(scatter_png(figure.places, figure.groups)), "plane": True}
    if figure.labels:
        drawn = sheet(in_rows(figure.pictures, figure.columns), figure.labels, headings=figure.headings)
    else:
        drawn = grid(figure.pictures, figure.columns)
    return {"caption": figure.caption, "url": data_url(drawn), "plane": False}
