"""Who learns: the model, and any adversary with parameters of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from isthmus.code import Passage

__all__ = ["Player"]


@dataclass(frozen=True, slots=True)
class Player:
    """One learner in a training loop, with an optimiser of its own.

    Attributes
    ----------
    name : str
    parameters : list of parameters
        What this player's turn moves, and nothing else.
    loss : function, passage -> scalar
        Called once a turn on the one passage of the batch.
    turns : int
        How often it moves a batch. Only a player whose loss reads the passage detached may have several.
    pace : float
        Its learning rate as a multiple of the loop's.
    """

    name: str
    parameters: list[nn.Parameter]
    loss: Callable[[Passage], Tensor]
    turns: int = 1
    pace: float = 1.0
