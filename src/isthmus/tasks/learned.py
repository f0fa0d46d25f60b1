"""What the tasks on pictures and tables share: learn an input, train, save, load."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from torch import Tensor, nn

from isthmus import store
from isthmus.tasks.inputs import input_from_json, learn_input
from isthmus.tasks.options import plain
from isthmus.tasks.seeds import seed_of
from isthmus.training.history import History
from isthmus.training.loop import train
from isthmus.training.samples import Samples
from isthmus.training.settings import Settings
from isthmus.version import __version__

__all__ = ["LearnedTask", "over"]

PASSING = ("random_state", "log_dir", "checkpoint", "progress")  # options that a model folder does not keep
AT_ONCE = 512  # samples


class LearnedTask(BaseEstimator):
    """An estimator around one trained model. A task adds its own options, `fit` (in `fitting`), `_build` and verbs."""

    input_: Any  # an `Input`, or another kind of data that has `pace`, `describe`, `to_json` and `tensors`
    model_: nn.Module
    history_: History

    def _build(self) -> nn.Module:
        """Return the untrained model for `self.input_`."""
        raise NotImplementedError

    def _learn(self, X: Any) -> Samples:
        """Recognise what X is; the options `size`, `grey` and `mirror` are read where a task has them."""
        asked = {name: getattr(self, name) for name in ("size", "grey", "mirror") if hasattr(self, name)}
        self.input_, samples = learn_input(X, **asked)
        return samples

    def _train(self, model: nn.Module, samples: Samples, **settings: Any) -> None:
        """Train the model, keep it and its history, and remove the checkpoint: what is done is not to be resumed."""
        checkpoint = getattr(self, "checkpoint", None)
        options = self.input_.pace() | {
            "steps": self.get_params()["steps"],
            "seed": self._seed(),
            "evaluate_every": max(self.get_params()["steps"] // 50, 1),
            "progress": self.get_params()["progress"],
            "log_dir": self.get_params()["log_dir"],
            "checkpoint": checkpoint,
        }
        self.history_ = train(model, samples, settings=Settings(**(options | settings)))
        self.model_ = model.eval().requires_grad_(False)
        if checkpoint is not None:
            Path(checkpoint).unlink(missing_ok=True)

    def _seed(self) -> int:
        return seed_of(getattr(self, "random_state", None))

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError(f"This {type(self).__name__} instance is not fitted yet: call fit(X) first")

    def _over(self, X: Any, function: Callable[[Tensor], Tensor]) -> Tensor:
        """Apply a function of a batch to all of X in blocks, in bounded memory and without gradients."""
        self._check_fitted()
        return over(self.input_.read(X), function)

    def save(self, folder: str | Path, *, half: bool = False) -> None:
        """Write a model folder; `isthmus.load(folder)` gives the same results bit for bit.

        Parameters
        ----------
        folder : path
        half : bool
            Whether to keep numbers of 16 bits: half the size, and results that differ in their third digit.

        Raises
        ------
        OutputError
            Where it cannot be written; what was there before is untouched.
        """
        self._check_fitted()
        options = self.get_params()
        kept = plain(options, [name for name in options if name not in PASSING])
        config = {"options": kept, "input": self.input_.to_json(), "history": self.history_.to_json()} | self._more()
        tensors = {f"input.{name}": tensor for name, tensor in self.input_.tensors().items()}
        for part, module in self._modules().items():
            tensors |= {f"{part}.{name}": tensor for name, tensor in module.state_dict().items()}
        if half:
            tensors = {
                name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()
            }
        store.write(folder, task=type(self).__name__, config=config, tensors=tensors, card=self.card())

    @classmethod
    def from_stored(cls, stored: store.Stored) -> Any:
        """Rebuild the estimator that `save` wrote.

        Raises
        ------
        ModelError
            If the parts of the folder do not fit each other.
        """
        with store.rebuilding(stored.tensors):
            config = stored.config
            task = cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in config["options"].items()})
            task.input_ = input_from_json(config["input"], _under("input.", stored.tensors))
            task.history_ = History.from_json(config["history"])
            task._restore(config)
            task.model_ = task._build()
            for part, module in task._modules().items():
                module.load_state_dict(_under(f"{part}.", stored.tensors))
                module.eval().requires_grad_(False)
        return task

    def _modules(self) -> dict[str, nn.Module]:
        """Return the networks that a model folder keeps; `_restore` builds those that `_build` does not."""
        return {"model": self.model_}

    def _more(self) -> dict[str, Any]:
        """Return what else a task keeps in its configuration."""
        return {}

    def _restore(self, config: dict[str, Any]) -> None:
        """Take back what `_more` gave."""

    def card(self) -> str:
        """Return the model card, Markdown."""
        losses = self.history_.points[-1].losses if self.history_.points else {}
        return "\n".join(
            [
                f"# {type(self).__name__}",
                "",
                f"Made by Isthmus {__version__} from {self.input_.describe()}.",
                "",
                f"Training: {self.history_.steps} steps; last loss "
                + ", ".join(f"{name} {loss:.4g} nats" for name, loss in losses.items())
                + ".",
                "",
            ]
        )


def over(samples: Samples, function: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply a function of a batch to all samples in blocks, without gradients."""
    with torch.inference_mode():
        return torch.cat([function(batch.x) for batch in samples.take(torch.arange(len(samples)).split(AT_ONCE))])


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
