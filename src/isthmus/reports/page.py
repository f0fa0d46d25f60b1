"""A page from its template: one HTML file without script or request, what it is told escaped, written whole or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from isthmus.files import replaced_file
from isthmus.version import __version__

__all__ = ["write_page"]


def write_page(template: str, path: str | Path, /, **told: Any) -> None:
    """Fill in a template of `reports/templates` and write the page whole or not at all.

    Parameters
    ----------
    template : str
        Its file's name.
    path : str or Path
        HTML file.
    **told
        What the template reads, besides `version`; all of it, or the page is not written.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    environment = Environment(
        loader=PackageLoader("isthmus.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template(template).render(told, version=__version__)
    with replaced_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
