"""What commands print to a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from isthmus.words import counted

if TYPE_CHECKING:
    from isthmus.tasks.comparison import Comparison
    from isthmus.tasks.review import Review

__all__ = ["comparison_table", "console", "explanation_table", "oddest_table", "rows_so_far"]


def console() -> Console:
    """Return a console on standard output, wide enough for a file or a pipe."""
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=160)


@contextmanager
def rows_so_far() -> Iterator[Callable[[str, int], None]]:
    """Show on standard error, if that is a terminal, what was done with how many rows: a stream has no known end."""
    screen = Console(stderr=True)
    if not screen.is_terminal:
        yield lambda done, count: None
        return
    with screen.status("reading") as status:
        yield lambda done, count: status.update(f"{done} {counted(count, 'row')}")


def comparison_table(found: Comparison) -> None:
    """Print the ranked detectors, ours marked."""
    from isthmus.tasks.comparison import OURS

    labelled = found.rows[0].auroc is not None
    table = Table(
        box=box.SIMPLE, title=f"{counted(found.trained, 'row')} learned from, {counted(found.tested, 'other')} scored"
    )
    table.add_column("detector")
    for name in (("AUROC", "AUPRC") if labelled else ()) + ("agrees with ours", "same top 1%", "seconds"):
        table.add_column(name, justify="right")
    for row in found.rows:
        measured = [f"{value:.3f}" for value in (row.auroc, row.auprc) if value is not None]
        cells = [row.detector, *measured, f"{row.agreement:.2f}", f"{row.shared:.0%}", f"{row.seconds:.1f}"]
        table.add_row(*cells, style="bold" if row.detector == OURS else "")
    console().print(table)
    for note in found.notes:
        console().print(note, markup=False)


def oddest_table(seen: Review) -> None:
    """Print the oddest rows and their reasons."""
    flagged, count = int(seen.flags.sum()), len(seen.scores)
    table = Table(box=box.SIMPLE, title=f"{flagged:,} of {counted(count, 'row')} flagged; the oddest:")
    for name, justify in (("row", "right"), ("nats", "right"), ("p-value", "right"), ("why", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for odd in seen.oddest:
        mark = "bold" if odd.flag else "dim"
        table.add_row(str(odd.row), f"{-odd.score:.1f}", f"{odd.p_value:.2g}", escape(odd.reasons), style=mark)
    console().print(table)


def explanation_table(frame: Any) -> None:
    """Print what `explain` found, a block a row."""
    table = Table(box=box.SIMPLE)
    for name, justify in (
        ("row", "right"),
        ("column", "left"),
        ("share", "right"),
        ("seen", "right"),
        ("expected", "right"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    before = None
    for row, column, share, seen, expected in frame.itertuples(index=False):
        if before not in (None, row):
            table.add_section()
        table.add_row(str(row) if row != before else "", escape(column), f"{share:.2f}", escape(seen), escape(expected))
        before = row
    console().print(table)
