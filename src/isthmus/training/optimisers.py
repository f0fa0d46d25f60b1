"""Each player's optimiser, its learning rate over time, and its turn."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from isthmus.code import Passage
from isthmus.players import Player
from isthmus.training.distributed import average
from isthmus.training.settings import Settings

__all__ = ["Turn", "rate_at"]


class Turn:
    """One player at the table: takes its turns on a passage."""

    def __init__(self, player: Player, settings: Settings) -> None:
        self.player, self.settings = player, settings
        self.optimiser = torch.optim.AdamW(
            player.parameters,
            lr=settings.learning_rate * player.pace,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
            fused=True,
        )

    def take(self, passage: Passage, rate: float) -> Tensor:
        """Move the player's parameters and return its last loss, detached, without waiting for it."""
        group = self.optimiser.param_groups[0]
        group["lr"] = rate * self.player.pace
        for _ in range(self.player.turns):
            self.optimiser.zero_grad(set_to_none=True)  # also drops what another player's loss left here
            loss = self.player.loss(passage)
            loss.backward()
            average(self.player.parameters)
            if self.settings.clip is not None:
                torch.nn.utils.clip_grad_norm_(self.player.parameters, self.settings.clip)
            self.optimiser.step()
        return loss.detach()

    def state(self) -> dict[str, Tensor]:
        """Return the optimiser's tensors by name."""
        return {
            f"{self.player.name}.{index}.{key}": value
            for index, moments in self.optimiser.state_dict()["state"].items()
            for key, value in moments.items()
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take the tensors of `state` back."""
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            player, index, key = name.rsplit(".", 2)
            if player == self.player.name:
                state.setdefault(int(index), {})[key] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})


def rate_at(step: int, settings: Settings) -> float:
    """Return the learning rate of a step: a linear rise, then constant or half a cosine down to zero."""
    if step < settings.warmup:
        return settings.learning_rate * (step + 1) / settings.warmup
    if settings.schedule == "constant":
        return settings.learning_rate
    done = (step - settings.warmup) / max(settings.steps - settings.warmup, 1)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
