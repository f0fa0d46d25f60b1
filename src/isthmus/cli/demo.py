"""``isthmus demo``: the main job on data that comes with scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["run"]


def run(
    out: Annotated[Path, typer.Option(help="Folder to write the model, the scores and the report to.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="The same seed gives the same result.")] = 0,
    tour: Annotated[bool, typer.Option("--tour", help="Walk through the whole family on digits instead.")] = False,
) -> None:
    """Find cancer cells after having seen benign ones only, beside the classical detectors.

    With --tour: every kind of auto-encoder at small scale on handwritten digits, as one page to read (minutes).

    Example: isthmus demo --out demo
    """
    if tour:
        _tour(out, seed)
        return
    from isthmus.cli.output import comparison_table, console, oddest_table
    from isthmus.files import made_folder
    from isthmus.reports.detection import write_report
    from isthmus.store import check_folder
    from isthmus.tasks.comparison import compare
    from isthmus.tasks.demonstration import breast_cancer
    from isthmus.tasks.review import review, score_to_file

    check_folder(made_folder(out) / "model")
    screen = console()
    cells = breast_cancer(seed)
    screen.print(
        f"\n[bold]Wisconsin breast cancer cells[/bold]: {len(cells.benign)} benign ones to learn from, "
        f"{len(cells.unseen)} others to judge, {int(cells.unseen[cells.label].sum())} of them malignant.\n"
    )
    comparison_table(compare(cells.everything, label=cells.label, seed=seed, progress=True))
    detector = cells.fit(seed)
    seen = review(detector, cells.unseen, label=cells.label, oddest=30)
    seen_short = review(detector, cells.unseen, label=cells.label, oddest=10)
    oddest_table(seen_short)
    detector.save(out / "model")
    score_to_file(detector, cells.unseen.drop(columns=cells.label), out / "scores.csv")
    write_report(seen, out / "report.html", source="Breast cancer cells")
    screen.print(f"The report is in [bold]{out / 'report.html'}[/bold]; model and scores lie beside it.")


def _tour(out: Path, seed: int) -> None:
    from isthmus.cli.output import console
    from isthmus.files import made_folder
    from isthmus.reports.tour import write_tour
    from isthmus.tasks.tour import tour

    made_folder(out)
    screen = console()
    screen.print("Each station is trained when it is its turn; minutes in all:")
    stations = []
    for number, station in enumerate(tour(seed), 1):
        stations.append(station)
        screen.print(f"{number:2}. {station.title} ({station.paper})", markup=False)
    write_tour(stations, out / "tour.html")
    screen.print(f"The tour is in [bold]{out / 'tour.html'}[/bold]")
