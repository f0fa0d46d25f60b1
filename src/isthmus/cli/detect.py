"""``isthmus detect``: learn what normal rows look like, then score, explain, compare and report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.options import (
    Checkpoint,
    Colour,
    Fit,
    Grey,
    Json,
    NewModel,
    NewPage,
    Seed,
    Size,
    Skip,
    Steps,
    apart,
    in_grey,
    load_as,
    not_among,
    not_over,
    opened,
    picture_can_be_made,
    print_json,
    table_can_be_made,
    write_table,
)
from isthmus.errors import DataError, ModelError, OptionError
from isthmus.words import counted

__all__ = ["app"]

app = typer.Typer(
    help="Find the rows of a table, or the pictures of a folder, that do not belong.", no_args_is_help=True
)

Table = Annotated[
    Path,
    typer.Argument(help="CSV (also .gz), TSV, Parquet or Arrow file; or a folder of pictures.", show_default=False),
]
Model = Annotated[Path, typer.Argument(help="Model folder that `detect fit` wrote.", show_default=False)]
Delimiter = Annotated[str | None, typer.Option(help="Separator of a CSV file; a comma by default.")]
Label = Annotated[str | None, typer.Option(help="Column that tells odd rows; only ever measured by.")]
Normal = Annotated[str | None, typer.Option(help="The label's value for normal rows, where it is not plain.")]


@app.command("fit")
def fit_(
    table: Table,
    out: NewModel,
    contamination: Annotated[float, typer.Option(help="Share of the rows that may be odd themselves.")] = 0.0,
    false_alarm_rate: Annotated[
        float | None, typer.Option(help="Share of normal rows that may be flagged; 0.05 by default.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="What a column is: NAME=number|category|boolean|datetime|clock|ignored.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="Column to leave out.")] = None,
    label: Label = None,
    normal: Normal = None,
    delimiter: Delimiter = None,
    steps: Steps = None,
    size: Size = None,
    grey: Grey = False,
    colour: Colour = False,
    fit: Fit = None,
    skip: Skip = False,
    seed: Seed = 0,
    log_dir: Annotated[Path | None, typer.Option(help="Folder for TensorBoard logs.")] = None,
    checkpoint: Checkpoint = None,
    json_: Json = False,
) -> None:
    """Learn what normal rows look like.

    With --label, only rows it calls normal are learned from, and no model sees the column.

    Example: isthmus detect fit normal.csv --out fraud/
    """
    import numpy as np

    from isthmus.kinds import tables
    from isthmus.kinds.images import Pictures
    from isthmus.tasks.anomaly import AnomalyDetector
    from isthmus.tasks.labels import odd_rows

    apart(out=out, log_dir=log_dir, checkpoint=checkpoint)
    not_over(out, log_dir, checkpoint, read=[table])
    tone = in_grey(grey, colour)
    asked = dict(_override(entry) for entry in column or [])
    for name in set(drop or []) & asked.keys():
        raise OptionError(f"--drop {name} and --column {name}={asked[name]} contradict each other")
    overrides = dict.fromkeys(drop or [], "ignored") | asked
    detector = AnomalyDetector(
        contamination=contamination, false_alarm_rate=false_alarm_rate, columns=overrides or None,
        steps=steps, random_state=seed, log_dir=log_dir, checkpoint=checkpoint, progress=True,
    )  # fmt: skip
    data = opened(table, size=size, grey=tone, fit=fit, skip=skip)
    if isinstance(data, Pictures):
        _refuse_for_pictures(table, label, normal, delimiter)
        detector.fit(data).save(out)
        _tell_learned(detector, out, json_, pictures=detector.rows_)
        return
    _need_label(label, normal)
    rows = tables.read(table, delimiter=delimiter)
    if label:
        odd = odd_rows(rows, label, normal=normal)
        if odd.all():
            raise DataError(f"label column {label!r} calls every row odd: there is nothing to learn from")
        rows = tables.selected(rows, np.flatnonzero(~odd)).drop_columns([label])
    detector.fit(rows)
    detector.save(out)
    _tell_learned(detector, out, json_, rows=detector.rows_, columns=detector.columns_)


@app.command()
def score(
    model: Model,
    table: Table,
    out: Annotated[
        Path | None, typer.Option(help="CSV or Parquet file to write: all rows, in order.", callback=table_can_be_made)
    ] = None,
    reasons: Annotated[int, typer.Option(help="Columns to name as reasons for a flagged row.", min=0)] = 3,
    rows: Annotated[int, typer.Option(help="Without --out: how many of the oddest rows to print.", min=1)] = 10,
    maps: Annotated[
        Path | None,
        typer.Option(
            help="Pictures only: PNG of the oddest, what was expected, and where they are odd.",
            callback=picture_can_be_made,
        ),
    ] = None,
    delimiter: Delimiter = None,
    skip: Skip = False,
    json_: Json = False,
) -> None:
    """Score every row: score, p-value, flag and reasons are added to the columns there are.

    Example: isthmus detect score fraud/ new.csv --out scores.csv
    """
    from isthmus.cli.output import oddest_table, rows_so_far
    from isthmus.tasks.anomaly import AnomalyDetector
    from isthmus.tasks.review import review, score_to_file

    apart(out=out, maps=maps)
    not_over(model, out, maps)
    detector = load_as(model, AnomalyDetector)
    if detector.judge_ is not None:
        _refuse_for_pictures(table, None, None, delimiter)
        not_among(table, maps)
        _score_pictures(detector, opened(table, detector.judge_.frame, skip=skip), out, rows, maps, json_)
        return
    for option, asked in (("--maps", maps is not None), ("--skip", skip)):
        if asked:
            raise OptionError(f"{option} is for pictures: {model} learned from rows of a table")
    if out is not None:
        with rows_so_far() as told:
            count, flagged = score_to_file(detector, table, out, telling=reasons, delimiter=delimiter, told=told)
        if json_:
            print_json({"rows": count, "flagged": flagged, "out": str(out)})
        else:
            typer.echo(f"{flagged:,} of {counted(count, 'row')} flagged; all are in {out}")
        return
    with rows_so_far() as told:
        seen = review(detector, table, oddest=rows, telling=reasons, delimiter=delimiter, told=told)
    if json_:
        print_json({"rows": len(seen.scores), "flagged": int(seen.flags.sum()), "oddest": seen.oddest_json()})
    else:
        oddest_table(seen)


@app.command()
def explain(
    model: Model,
    table: Table,
    rows: Annotated[
        str | None, typer.Option(help="Rows to explain, as 3,17 (the first is 0); the oddest by default.")
    ] = None,
    top: Annotated[int, typer.Option(help="Columns a row.", min=1)] = 5,
    delimiter: Delimiter = None,
    json_: Json = False,
) -> None:
    """Say which columns make rows odd, and what was expected instead.

    Example: isthmus detect explain fraud/ new.csv --rows 3,17
    """
    from isthmus.cli.output import explanation_table
    from isthmus.tasks.review import explain_rows

    wanted = None if rows is None else [_row_number(part) for part in rows.split(",")]
    frame = explain_rows(_of_tables(model), table, wanted, top=top, delimiter=delimiter)
    if json_:
        print_json(frame.to_dict(orient="records"))
    else:
        explanation_table(frame)


@app.command()
def compare(
    table: Table,
    label: Label = None,
    normal: Normal = None,
    delimiter: Delimiter = None,
    seed: Seed = 0,
    json_: Json = False,
) -> None:
    """Rank our detector and the classical ones on your own table.

    Each learns from one half of the (normal) rows and is tested on all others.

    Example: isthmus detect compare cards.csv --label fraud
    """
    import dataclasses

    from isthmus.cli.output import comparison_table
    from isthmus.kinds import tables
    from isthmus.tasks.comparison import compare as compare_detectors

    _need_label(label, normal)
    found = compare_detectors(
        tables.read(table, delimiter=delimiter), label=label, normal=normal, seed=seed, progress=True
    )
    if json_:
        print_json(dataclasses.asdict(found))
    else:
        comparison_table(found)


@app.command()
def report(
    model: Model,
    table: Table,
    out: NewPage,
    label: Label = None,
    normal: Normal = None,
    delimiter: Delimiter = None,
    skip: Skip = False,
) -> None:
    """Write one HTML file that anyone can open: what was flagged, why, and how far to trust it.

    Example: isthmus detect report fraud/ new.csv --out report.html
    """
    from isthmus.cli.output import rows_so_far
    from isthmus.reports.detection import write_report
    from isthmus.tasks.anomaly import AnomalyDetector
    from isthmus.tasks.review import review, review_pictures

    _need_label(label, normal)
    not_over(model, out, read=[table])
    detector = load_as(model, AnomalyDetector)
    if detector.judge_ is not None:
        _refuse_for_pictures(table, label, normal, delimiter)
        seen = review_pictures(detector, opened(table, detector.judge_.frame, skip=skip))
    elif skip:
        raise OptionError(f"--skip is for pictures: {model} learned from rows of a table")
    else:
        with rows_so_far() as told:
            seen = review(detector, table, label=label, normal=normal, delimiter=delimiter, told=told)
    write_report(seen, out, source=table.name)
    count = counted(len(seen.scores), "row" if seen.pictures is None else "picture")
    typer.echo(f"{int(seen.flags.sum()):,} of {count} flagged; the report is in {out}")


def _tell_learned(detector: Any, out: Path, json_: bool, **what: Any) -> None:
    if json_:
        threshold = detector.threshold_
        print_json({"model": str(out), **what, "nats": None if threshold == float("inf") else threshold})
        return
    pictures = "pictures" in what
    things = counted(detector.rows_, "picture" if pictures else "row")
    of = "" if pictures else f" of {counted(len(what['columns']), 'column')}"
    typer.echo(f"Learned {things}{of}; {detector.flagged_words}. The model is in {out}")


def _refuse_for_pictures(data: Path, label: str | None, normal: str | None, delimiter: str | None) -> None:
    for option, value in (("--label", label), ("--normal", normal), ("--delimiter", delimiter)):
        if value is not None:
            raise OptionError(f"{option} is for tables: {data} holds pictures")


def _need_label(label: str | None, normal: str | None) -> None:
    if normal is not None and label is None:
        raise OptionError(f"--normal {normal} is a value of the label column: name it with --label")


def _override(entry: str) -> tuple[str, str]:
    name, equals, kind = entry.rpartition("=")
    if not equals:
        raise OptionError(f"--column {entry}: write it as NAME=TYPE, for example --column zip=category")
    return name, kind


def _row_number(text: str) -> int:
    if not (text.strip().isascii() and text.strip().isdigit()):
        raise OptionError(f"--rows: {text.strip()!r} is not a row number; write them as 3,17 (the first is 0)")
    return int(text)


def _of_tables(model: Path) -> Any:
    from isthmus.tasks.anomaly import AnomalyDetector

    detector = load_as(model, AnomalyDetector)
    if detector.judge_ is not None:
        raise ModelError(f"{model} learned from pictures: see isthmus detect score {model} FOLDER --maps oddest.png")
    return detector


def _score_pictures(detector: Any, pictures: Any, out: Path | None, most: int, maps: Path | None, json_: bool) -> None:
    import numpy as np
    import torch

    from isthmus.reports.pictures import save_png, sheet, strips

    scores = detector.judge_.score(pictures)
    p_values, flags = detector.p_values_of(scores), scores < detector.offset_
    if out is not None:
        write_table(out, {"picture": pictures.names, "score": scores, "p_value": p_values, "flag": flags})
    oddest = np.argsort(scores)[:most]
    if maps is not None:
        reasons = detector.judge_.explain(pictures.part(torch.from_numpy(oddest)))
        labels = [f"{Path(reason.name).name}  {-reason.score:.1f} nats" for reason in reasons]
        save_png(sheet(strips(reasons), labels, headings=("input", "expected", "where")), maps)
    if json_:
        odd = [{"picture": pictures.names[i], "score": float(scores[i]), "p_value": float(p_values[i])} for i in oddest]
        print_json({"pictures": len(scores), "flagged": int(flags.sum()), "oddest": odd})
        return
    typer.echo(f"{int(flags.sum()):,} of {counted(len(scores), 'picture')} flagged; the oddest:")
    for place in oddest:
        typer.echo(f"  {-scores[place]:10.1f} nats  p {p_values[place]:.2g}  {pictures.names[place]}")
