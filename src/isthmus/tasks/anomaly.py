"""Find the rows that do not belong: learn what normal looks like, then say what does not fit, how sure, and why."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.exceptions import NotFittedError

from isthmus import store
from isthmus.errors import OptionError
from isthmus.kinds import tables
from isthmus.kinds.images import are_pictures
from isthmus.kinds.schema import Schema
from isthmus.networks.features import CellFeatures
from isthmus.recipes.one_class import empty_description, learn_normal
from isthmus.tasks import cards
from isthmus.tasks.conformal import NEVER, conformal_offset, p_values
from isthmus.tasks.encoding import encoded
from isthmus.tasks.explaining import explained
from isthmus.tasks.fitting import fitting
from isthmus.tasks.options import check_number, check_options, check_whole, plain
from isthmus.tasks.picture_judge import PictureJudge
from isthmus.tasks.seeds import seed_of
from isthmus.training.history import History
from isthmus.training.threads import one_thread

__all__ = ["AnomalyDetector"]

STEPS = 750
WIDTH, PICTURE_WIDTH = 256, 512
USUAL_RATE = 0.05  # share of normal rows flagged where nothing else is asked


class AnomalyDetector(OutlierMixin, BaseEstimator):
    """Learn what normal rows look like from a table without labels, and tell which new rows do not belong.

    A denoising auto-encoder and the rows it remembers price each row in nats; the longer its description, the
    odder the row. Numbers, categories, booleans, date-times and missing values are recognised by themselves.

    Parameters
    ----------
    contamination : float
        Share of the training rows that may be odd themselves, below 0.5. As many are kept from teaching, from
        being remembered and from calibrating, and without `false_alarm_rate` as many are flagged in them.
    false_alarm_rate : float, optional
        Share of *normal* rows that `predict` may flag. It is kept whatever the data look like, because the
        threshold is a split-conformal one. By default 0.05, unless `contamination` is given.
    columns : mapping of column name to type, optional
        Overrides of what was recognised: "number", "category", "boolean", "datetime", "clock" (a time of
        which only the hour and the weekday are read) or "ignored".
    steps : int, optional
        Training steps of 128 samples; by default 750 for rows, 2000 for small pictures and 600 for large ones.
    width : int, optional
        Of the hidden layers; by default 256 for rows and 512 for pictures.
    random_state : int, RandomState or None
        The same integer gives the same model twice on one machine.
    log_dir : path, optional
        TensorBoard logs.
    checkpoint : path, optional
        File to save training to, every minute and on interruption, and to resume from. Removed at the end.
    progress : bool
        Whether to show a progress bar, if standard error is a terminal.

    Attributes
    ----------
    schema_ : Schema
        What the columns were taken for.
    columns_ : list of str
        The columns in use.
    calibration_ : array
        Sorted scores of calibration rows.
    offset_ : float
        Rows scoring below it are flagged.
    history_ : History
        The training curve.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from isthmus import AnomalyDetector
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> benign = X[y == 1]
    >>> detector = AnomalyDetector(random_state=0).fit(benign[:200])
    >>> bool(detector.score_samples(X[y == 0]).mean() < detector.score_samples(benign[200:]).mean())
    True
    """

    def __init__(
        self,
        *,
        contamination: float = 0.0,
        false_alarm_rate: float | None = None,
        columns: dict[str, str] | None = None,
        steps: int | None = None,
        width: int | None = None,
        random_state: Any = None,
        log_dir: str | Path | None = None,
        checkpoint: str | Path | None = None,
        progress: bool = False,
    ) -> None:
        self.contamination = contamination
        self.false_alarm_rate = false_alarm_rate
        self.columns = columns
        self.steps = steps
        self.width = width
        self.random_state = random_state
        self.log_dir = log_dir
        self.checkpoint = checkpoint
        self.progress = progress

    def fit(self, X: Any, y: Any = None) -> AnomalyDetector:
        """Learn what is normal.

        Parameters
        ----------
        X : data frame, 2-d array, pyarrow Table, or path to a CSV, Parquet or Arrow file
            Rows taken for normal, but for the share `contamination`. Or pictures: a folder, an .npz file, or a uint8
            array (N, H, W) or (N, H, W, 3).
        y : ignored

        Raises
        ------
        DataError
            Naming the file, row or column that cannot be used, or why there is nothing to learn.
        OptionError
            Naming the hyperparameter that is out of its range.
        """
        self._check_options()
        with fitting(self):
            if are_pictures(X):
                self._fit_pictures(X)
                return self
            table, name = tables.read(X), tables.source_name(X)
            self.schema_ = Schema.infer(table, self.columns, named=tables.named(table), name=name)
            self._name_features()
            rows = torch.from_numpy(self.schema_.encode(table, name=name, model=type(self).__name__))
            learned = learn_normal(
                self.schema_.cells, rows, steps=self.steps or STEPS, width=self.width or WIDTH,
                contamination=self.contamination, seed=self._seed(), log_dir=self.log_dir, checkpoint=self.checkpoint,
                progress=self.progress,
            )  # fmt: skip
            self.judge_: PictureJudge | None = None
            self.description_, self.history_ = learned.description, learned.history
            self.calibration_, self.rows_ = learned.calibration, len(rows)
            self._set_threshold(rows)
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """Return minus the description length of each row, nats: lower is more abnormal.

        Parameters
        ----------
        X : as for `fit`
            A file is read in parts, in bounded memory.

        Raises
        ------
        DataError
            Naming missing columns, or the row and column of a wrong cell.
        """
        self._check_fitted()
        if self.judge_ is not None:
            return self.judge_.score(X)
        return np.concatenate([self.score_rows(rows) for _, rows in self.encoded(X)])

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the score above the threshold: negative for rows that `predict` flags."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """Return -1 for rows that do not belong, +1 for the others."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def p_values(self, X: Any) -> np.ndarray:
        """Return how often a normal row scores at least as abnormal: conformal, so small values can be trusted."""
        return self.p_values_of(self.score_samples(X))

    def p_values_of(self, scores: np.ndarray) -> np.ndarray:
        """Return the p-values of scores that `score_samples` gave."""
        return p_values(self.calibration_, scores)

    def encoded(self, X: Any, **how: Any) -> Iterator[tuple[Any, torch.Tensor]]:
        """Yield X in parts of bounded size: each as a pyarrow table, and as the cells that `score_rows` takes.

        `how` are the options of `isthmus.tasks.encoding.encoded`.
        """
        self._check_fitted()
        return encoded(self.schema_, X, type(self).__name__, **how)

    def score_rows(self, rows: torch.Tensor) -> np.ndarray:
        """Return the scores of encoded rows, (rows, cells) -> (rows,)."""
        with one_thread(), torch.inference_mode():
            return -self.description_(rows).double().numpy()

    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """Fit, and tell which of the very same rows do not belong."""
        return self.fit(X).predict(X)

    def explain(self, X: Any, *, top: int | None = None) -> Any:
        """Say which columns make rows abnormal, and what was expected instead.

        Parameters
        ----------
        X : as for `fit`
        top : int, optional
            Columns a row to return; by default all, whose shares add up to minus the row's score. Of more than 128 the
            ones that differ most from what is expected share it, and the others have 0.

        Returns
        -------
        pandas.DataFrame, or for pictures a list of PictureReason (a heat map and what was expected)
            `row` (the first is 0), `column`, `share` (nats), `seen` and `expected` (in the table's own units and
            category names), the most telling column of a row first.
        """
        import pandas as pd

        self._check_fitted()
        if top is not None:
            check_whole("top", top, 1)
        if self.judge_ is not None:
            return self.judge_.explain(X)
        return pd.DataFrame(explained(self, X, top))

    def embed(self, X: Any) -> np.ndarray:
        """Return the codes of rows, (rows, width)."""
        self._check_fitted()
        if self.judge_ is not None:
            return self.judge_.embed(X)
        with one_thread(), torch.inference_mode():
            return np.concatenate([self.description_.embed(rows).numpy() for _, rows in self.encoded(X, told=False)])

    def save(self, folder: str | Path) -> None:
        """Write a model folder; `isthmus.load(folder)` gives the same scores bit for bit.

        Raises
        ------
        OutputError
            Where it cannot be written; what was there before is untouched.
        """
        self._check_fitted()
        options = self.get_params()
        if self.judge_ is not None:
            kept = plain(options, ("false_alarm_rate", "steps", "width"))
            config: dict[str, Any] = {
                "recipe": "inpainting", "options": kept, "offset": self._offset_json(), "rows": self.rows_,
                "judge": self.judge_.to_json(), "history": self.history_.to_json(),
            }  # fmt: skip
            tensors = self.judge_.tensors() | {"calibration": torch.from_numpy(self.calibration_)}
            store.write(folder, task=type(self).__name__, config=config, tensors=tensors, card=self.card())
            return
        kept = plain(options, ("contamination", "false_alarm_rate", "columns", "steps", "width"))
        config = {
            "recipe": "denoising",
            "options": kept,
            "schema": self.schema_.to_json(),
            "ranked": self.description_.features.ranked_cells,
            "draws": self.description_.draws,
            "offset": self._offset_json(),
            "rows": self.rows_,
            "history": self.history_.to_json(),
        }
        tensors = dict(self.description_.state_dict()) | {"calibration": torch.from_numpy(self.calibration_)}
        store.write(folder, task=type(self).__name__, config=config, tensors=tensors, card=self.card())

    @classmethod
    def from_stored(cls, stored: store.Stored) -> AnomalyDetector:
        """Rebuild the detector that `save` wrote.

        Raises
        ------
        ModelError
            If the parts of the folder do not fit each other.
        """
        with store.rebuilding(stored.tensors):
            config, tensors = stored.config, dict(stored.tensors)
            detector = cls(**config["options"])
            detector.offset_ = NEVER if config["offset"] is None else float(config["offset"])
            detector.rows_ = int(config["rows"])
            detector.history_ = History.from_json(config["history"])
            detector.calibration_ = tensors.pop("calibration").numpy()
            if detector.calibration_.ndim != 1:
                raise ValueError("the scores of calibration rows are no list")
            if config["recipe"] == "inpainting":
                detector.judge_ = PictureJudge.from_json(config["judge"], tensors)
                return detector
            if config["recipe"] != "denoising":
                raise ValueError(f"there is no recipe {config['recipe']!r}")
            detector.judge_ = None
            detector.schema_ = Schema.from_json(config["schema"])
            detector._name_features()
            memory, draws = len(tensors["restored"]), int(config["draws"])
            if draws < 1 or not memory:
                raise ValueError("there are no remembered rows, or they do not fall into draws")
            detector.schema_.check_width(len(tensors["features.cell_of"]), config["ranked"])
            features = CellFeatures(detector.schema_.cells, ranked=config["ranked"])
            detector.description_ = empty_description(
                features, width=detector.width or WIDTH, memory=memory, draws=draws
            )
            store.load_weights(detector.description_, tensors)
            detector.description_.check()
            detector.description_.eval().requires_grad_(False)
        return detector

    def card(self) -> str:
        """Return the model card: what the detector was made of and what it promises, as Markdown."""
        return cards.detector_card(self)

    @property
    def columns_(self) -> list[str]:
        """The columns in use, as the table has them."""
        self._check_fitted()
        return [column.name for column in self.schema_.columns if column.type != "ignored"]

    @property
    def threshold_(self) -> float:
        """Description length in nats above which a row is flagged; infinite where none ever is."""
        return -self.offset_ if self.offset_ > NEVER else math.inf

    @property
    def flagged_words(self) -> str:
        """What will be flagged, in words."""
        if math.isinf(self.threshold_):
            return f"none will ever be flagged, with {len(self.calibration_):,} to calibrate on"
        return f"those of more than {self.threshold_:.3g} nats will be flagged"

    @property
    def promised_rate(self) -> float | None:
        """Share of normal rows that may be flagged; None where `contamination` set the threshold instead."""
        if self.false_alarm_rate is None:
            return None if self.contamination else USUAL_RATE
        return self.false_alarm_rate

    def _fit_pictures(self, X: Any) -> None:
        for name in ("contamination", "columns"):
            if getattr(self, name):
                raise OptionError(f"{name} is for tables: these are pictures")
        self.judge_, self.rows_, self.calibration_, self.history_ = PictureJudge.learn(
            X, steps=self.steps, width=self.width or PICTURE_WIDTH, seed=self._seed(),
            log_dir=self.log_dir, checkpoint=self.checkpoint, progress=self.progress,
        )  # fmt: skip
        self.offset_ = conformal_offset(self.calibration_, self.promised_rate or USUAL_RATE, self.rows_)

    def _offset_json(self) -> float | None:
        return float(self.offset_) if self.offset_ > NEVER else None

    def _seed(self) -> int:
        return seed_of(self.random_state)

    def _set_threshold(self, rows: torch.Tensor) -> None:
        if self.promised_rate is None:
            self.offset_ = float(np.percentile(self.score_rows(rows), 100 * self.contamination))
        else:
            self.offset_ = conformal_offset(self.calibration_, self.promised_rate, self.rows_)

    def _name_features(self) -> None:
        self.n_features_in_ = len(self.schema_.columns)
        if self.schema_.named:
            self.feature_names_in_ = np.array([column.name for column in self.schema_.columns], dtype=object)

    def _check_options(self) -> None:
        check_number("contamination", self.contamination)
        if not 0 <= self.contamination < 0.5:
            raise OptionError(f"contamination must be at least 0 and below 0.5, not {self.contamination}")
        if self.false_alarm_rate is not None:
            check_number("false_alarm_rate", self.false_alarm_rate)
        if self.false_alarm_rate is not None and not 0 < self.false_alarm_rate < 1:
            raise OptionError(f"false_alarm_rate must lie between 0 and 1, not {self.false_alarm_rate}")
        if self.columns is not None and not isinstance(self.columns, Mapping):
            raise OptionError(f"columns must map names to types, as {{'zip': 'category'}} does, not {self.columns!r}")
        check_options({name: value for name, value in self.get_params(deep=False).items() if value is not None})

    def _check_fitted(self) -> None:
        if not hasattr(self, "calibration_"):
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet: call fit(X) with normal rows first"
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = dataclasses.replace(tags.input_tags, allow_nan=True, string=True, categorical=True)
        return tags
