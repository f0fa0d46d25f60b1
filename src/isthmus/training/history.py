"""What a training run looked like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["History", "Point", "averaged"]


@dataclass(frozen=True, slots=True)
class Point:
    """One look at the run.

    Attributes
    ----------
    step : int
        Batches done.
    losses : mapping of player to float
        Mean of each player's loss since the point before, nats.
    validation : float, optional
        Mean description length of the validation part, nats a row.
    """

    step: int
    losses: dict[str, float]
    validation: float | None = None


@dataclass(slots=True)
class History:
    """The points of a run, and the step whose weights were kept."""

    points: list[Point] = field(default_factory=list)
    best_step: int = 0
    best: float = float("inf")

    @property
    def steps(self) -> int:
        """Batches done until the last look."""
        return self.points[-1].step if self.points else 0

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        best = self.best if self.best < float("inf") else None
        return {"points": [asdict(point) for point in self.points], "best_step": self.best_step, "best": best}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> History:
        """Return the history that `to_json` described."""
        best = float("inf") if data["best"] is None else float(data["best"])
        return cls([Point(**point) for point in data["points"]], int(data["best_step"]), best)


def averaged(histories: Sequence[History]) -> History:
    """Return the mean curve of runs that were looked at after the same steps."""
    points = []
    for same in zip(*(history.points for history in histories), strict=True):
        losses = {name: sum(point.losses[name] for point in same) / len(same) for name in same[0].losses}
        points.append(Point(same[0].step, losses))
    return History(points, points[-1].step if points else 0)
