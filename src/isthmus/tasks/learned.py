"""What the tasks on pictures and tables share: learn an input, train, save, load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from torch import Tensor, nn

from isthmus import store
from isthmus.errors import IsthmusError, ModelError, OptionError
from isthmus.tasks.inputs import Input, PictureInput, input_from_json, learn_input
from isthmus.training.history import History
from isthmus.training.loop import train
from isthmus.training.samples import Samples
from isthmus.training.settings import Settings, usual_precision
from isthmus.version import __version__

__all__ = ["LearnedTask"]

PASSING = ("random_state", "log_dir", "checkpoint", "progress")  # options that a model folder does not keep
AT_ONCE = 512  # samples
WIDE = 24 * 24  # pixels


class LearnedTask(BaseEstimator):
    """An estimator around one trained model. A task adds its own options, `_build` and its verbs."""

    input_: Input
    model_: nn.Module
    history_: History

    def _build(self, samples: int) -> nn.Module:
        """Return the untrained model for `self.input_`."""
        raise NotImplementedError

    def _learn(self, X: Any) -> Samples:
        """Recognise what X is; the options `size`, `grey` and `mirror` are read where a task has them."""
        if getattr(self, "steps", 1) < 1:
            raise OptionError(f"steps must be at least 1, not {self.steps}")
        asked = {name: getattr(self, name) for name in ("size", "grey", "mirror") if hasattr(self, name)}
        self.input_, samples = learn_input(X, **asked)
        return samples

    def _train(self, model: nn.Module, samples: Samples, **settings: Any) -> History:
        options = {
            "seed": self._seed(),
            "precision": usual_precision() if isinstance(self.input_, PictureInput) else "float32",
            "threads": None if self._is_wide() else 1,
            "evaluate_every": max(settings["steps"] // 50, 1),
            "progress": getattr(self, "progress", False),
            "log_dir": getattr(self, "log_dir", None),
            "checkpoint": getattr(self, "checkpoint", None),
        }
        return train(model, samples, settings=Settings(**(options | settings)))

    def _is_wide(self) -> bool:
        """Tell whether a step is work enough for several threads: on small ones they wait for each other."""
        return isinstance(self.input_, PictureInput) and self.input_.frame.height * self.input_.frame.width >= WIDE

    def _seed(self) -> int:
        return int(check_random_state(getattr(self, "random_state", None)).randint(2**31 - 1))

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError(f"This {type(self).__name__} instance is not fitted yet: call fit(X) first")

    def _tensor(self, X: Any) -> Tensor:
        self._check_fitted()
        return self.input_.tensor(X)

    def _each(self, function: Any, x: Tensor) -> Tensor:
        """Apply the model in blocks, without gradients."""
        with torch.inference_mode():
            return torch.cat([function(part) for part in x.split(AT_ONCE)])

    def save(self, folder: str | Path) -> None:
        """Write a model folder; `isthmus.load(folder)` gives the same results bit for bit.

        Raises
        ------
        OutputError
            Where it cannot be written; what was there before is untouched.
        """
        self._check_fitted()
        kept = {name: value for name, value in self.get_params().items() if name not in PASSING}
        config = {"options": kept, "input": self.input_.to_json(), "history": self.history_.to_json()} | self._more()
        store.write(folder, task=type(self).__name__, config=config, tensors=self.model_.state_dict(), card=self.card())

    @classmethod
    def from_stored(cls, stored: store.Stored) -> Any:
        """Rebuild the estimator that `save` wrote.

        Raises
        ------
        ModelError
            If the parts of the folder do not fit each other.
        """
        try:
            config = stored.config
            task = cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in config["options"].items()})
            task.input_ = input_from_json(config["input"])
            task.history_ = History.from_json(config["history"])
            task._restore(config)
            task.model_ = task._build(0)
            task.model_.load_state_dict(dict(stored.tensors))
            task.model_.eval().requires_grad_(False)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            if isinstance(error, IsthmusError):
                raise
            raise ModelError(f"the model folder is damaged: {str(error).splitlines()[0]}") from None
        return task

    def _more(self) -> dict[str, Any]:
        """Return what else a task keeps in its configuration."""
        return {}

    def _restore(self, config: dict[str, Any]) -> None:
        """Take back what `_more` gave."""

    def card(self) -> str:
        """Return the model card, Markdown."""
        held = self.input_.to_json()
        what = str(held["frame"]) if held["kind"] == "pictures" else f"{len(held['schema']['columns'])} columns"
        losses = self.history_.points[-1].losses if self.history_.points else {}
        return "\n".join(
            [
                f"# {type(self).__name__}",
                "",
                f"Made by Isthmus {__version__} from {held['kind']}: {what}.",
                "",
                f"Training: {self.history_.steps} steps; last loss "
                + ", ".join(f"{name} {loss:.4g} nats" for name, loss in losses.items())
                + ".",
                "",
            ]
        )
