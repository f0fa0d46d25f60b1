"""The tour as one HTML page: no script, no request, readable on a telephone and in the dark."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from isthmus.reports.page import write_page
from isthmus.reports.pictures import data_url, grid, in_rows, scatter_png, sheet
from isthmus.tasks.tour import Places, Station, Strip

__all__ = ["write_tour"]


def write_tour(stations: Iterable[Station], path: str | Path) -> None:
    """Write the page whole or not at all.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    told = [{"station": station, "figures": [_drawn(figure) for figure in station.figures]} for station in stations]
    write_page("tour.html", path, stations=told)


def _drawn(figure: Strip | Places) -> dict[str, Any]:
    if isinstance(figure, Places):
        return {"caption": figure.caption, "url": data_url(scatter_png(figure.places, figure.groups)), "plane": True}
    if figure.labels:
        drawn = sheet(in_rows(figure.pictures, figure.columns), figure.labels, headings=figure.headings)
    else:
        drawn = grid(figure.pictures, figure.columns)
    return {"caption": figure.caption, "url": data_url(drawn), "plane": False}
