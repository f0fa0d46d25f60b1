"""What a training run looked like."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

__all__ = ["History", "Point"]


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

    def followed_by(self, later: History) -> History:
        """Return one history of a run and of the one that went on from it; what was kept is the later one's."""
        moved = [replace(point, step=self.steps + point.step) for point in later.points]
        return History(self.points + moved, self.steps + later.best_step, later.best)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        best = self.best if self.best < float("inf") else None
        return {"points": [asdict(point) for point in self.points], "best_step": self.best_step, "best": best}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> History:
        """Return the history that `to_json` described."""
        best = float("inf") if data["best"] is None else float(data["best"])
        return cls([Point(**point) for point in data["points"]], int(data["best_step"]), best)
