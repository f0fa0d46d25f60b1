"""What people give a task, as tensors, and back: pictures in one frame, or the columns of a table.

An input knows which networks and views suit its kind, so that a task need not ask what it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.code import Batch
from isthmus.distances import Distance, Normal
from isthmus.errors import DataError, ModelError
from isthmus.kinds import tables
from isthmus.kinds.images import Frame, Pictures, are_pictures, open_pictures, to_arrays
from isthmus.kinds.schema import Schema
from isthmus.networks.conv import ConvDecoder, ConvEncoder
from isthmus.networks.features import CellFeatures
from isthmus.networks.mlp import Dense
from isthmus.store import load_weights, rebuilding
from isthmus.tasks.speech_input import SpeechInput
from isthmus.training.samples import InMemory, Samples
from isthmus.training.settings import usual_precision
from isthmus.views import Noises, Shifts, Warps

__all__ = ["Input", "PictureInput", "TableInput", "input_from_json", "learn_input"]

WIDE = 24 * 24  # pixels from which a step is work enough for several threads
SHIFTED = 16  # side of a picture from which a pixel is a small shift
MOST_RATE, MOST_BANDS = 384_000, 1024  # Hz of sound, and bands of it, that a model folder may name
DENSE = 256  # units of a hidden layer, for tables


class Input(Protocol):
    """What a task needs of a kind of data."""

    kind: str

    def read(self, X: Any) -> Samples:
        """Return X as samples for the training loop."""
        ...

    def back(self, x: Tensor) -> Any:
        """Return a tensor in the scale and type of what came in."""
        ...

    def encoder(self, out: int, width: int) -> nn.Module:
        """Return a new encoder into `out` numbers."""
        ...

    def decoder(self, inputs: int, width: int) -> nn.Module:
        """Return a new decoder from `inputs` numbers."""
        ...

    def distance(self) -> Distance:
        """Return the plain distance, a squared error in nats."""
        ...

    def shifts(self) -> nn.Module:
        """Return slight views that multiply small data."""
        ...

    def warps(self) -> nn.Module:
        """Return strong views that keep what a sample is."""
        ...

    def another_view(self, strength: float) -> nn.Module | None:
        """Return views that the code should not hold, so many times as strong as `warps`; None where there are none."""
        ...

    def likeness(self, x: Tensor) -> Tensor:
        """Return points whose distances tell which samples are alike, (batch, ...) -> (batch, width)."""
        ...

    def pace(self) -> dict[str, Any]:
        """Return the training settings that depend on how much work a sample is: threads and precision."""
        ...

    def describe(self) -> str:
        """Say what a model was made from."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return what `input_from_json` takes, tensors aside."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Return what was learned of the data's scales."""
        ...


class PictureInput:
    """Pictures of one frame, as numbers in [0, 1]."""

    kind = "pictures"

    def __init__(self, frame: Frame, *, mirror: bool = False) -> None:
        self.frame, self.mirror = frame, mirror

    def read(self, X: Any) -> Pictures:
        return open_pictures(X, self.frame)

    def back(self, x: Tensor) -> np.ndarray:
        return to_arrays(x)

    def encoder(self, out: int, width: int) -> nn.Module:
        return ConvEncoder(self.frame.shape, out, width=width)

    def decoder(self, inputs: int, width: int) -> nn.Module:
        return ConvDecoder(inputs, self.frame.shape, width=width)

    def distance(self) -> Distance:
        return Normal(0.5**0.5)

    def shifts(self) -> nn.Module:
        side = min(self.frame.height, self.frame.width)
        return Shifts(max(1, side // 28)) if side >= SHIFTED else nn.Identity()

    def warps(self) -> nn.Module:
        if self.mirror:
            return Warps(turn=10, slant=0.1, mirror=True, light=0.4)
        # where strokes are a pixel wide, full views make a one of an eight
        part = min(1.0, min(self.frame.height, self.frame.width) / SHIFTED)
        return Warps(turn=20 * part, scale=0.2 * part, slant=0.25 * part, move=0.12 * part)

    def another_view(self, strength: float) -> nn.Module | None:
        if not strength:
            return None
        return Warps(turn=20 * strength, scale=0.2 * strength, slant=0.25 * strength, move=0.12 * strength)

    def likeness(self, x: Tensor) -> Tensor:
        # a little blur forgives a stroke that lies a pixel off; the direction forgives its weight, whatever the ground
        flat = (F.avg_pool2d(x, 3, 1, 1) if min(x.shape[2:]) >= SHIFTED else x).flatten(1)
        return F.normalize(flat - flat.mean(1, keepdim=True), dim=1)

    def pace(self) -> dict[str, Any]:
        # on small pictures several threads wait for each other, and the conversions outweigh what bfloat16 saves
        wide = self.frame.height * self.frame.width >= WIDE
        return {"precision": usual_precision() if wide else "float32", "threads": None if wide else 1}

    def tensors(self) -> dict[str, Tensor]:
        return {}

    def describe(self) -> str:
        return f"pictures brought to {self.frame}"

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "frame": self.frame.to_json(), "mirror": self.mirror}


class TableInput:
    """The columns of a table, standardised."""

    kind = "table"

    def __init__(self, schema: Schema, features: CellFeatures, *, plain: bool) -> None:
        self.schema, self.features, self.plain = schema, features, plain

    def read(self, X: Any) -> Samples:
        cells = self.schema.encode(tables.read(X), name=tables.source_name(X))
        return InMemory(Batch(self.features(torch.from_numpy(cells))))

    def back(self, x: Tensor) -> Any:
        cells = self.features.values(x.detach()).numpy()
        if self.plain:
            return cells
        import pandas as pd

        texts = [self.schema.texts(row) for row in cells]
        frame = pd.DataFrame(texts, columns=[column.name for column in self.schema.used])
        at = 0
        for place, column in enumerate(self.schema.used):
            if column.type == "number":
                frame[column.name] = cells[:, at]
            at += len(column.cells(place))
        return frame[[column.name for column in self.schema.columns if column.name in frame]]

    def encoder(self, out: int, width: int) -> nn.Module:
        return Dense([self.features.width, DENSE, DENSE, out])

    def decoder(self, inputs: int, width: int) -> nn.Module:
        return Dense([inputs, DENSE, DENSE, self.features.width])

    def distance(self) -> Distance:
        return Normal(0.5**0.5)

    def shifts(self) -> nn.Module:
        return Noises(0.05, 0.0)

    def warps(self) -> nn.Module:
        return Noises(0.2, 0.15)

    def another_view(self, strength: float) -> nn.Module | None:
        return None

    def likeness(self, x: Tensor) -> Tensor:
        return x

    def pace(self) -> dict[str, Any]:
        return {"precision": "float32", "threads": 1}

    def tensors(self) -> dict[str, Tensor]:
        return dict(self.features.state_dict())

    def describe(self) -> str:
        return f"a table of {len(self.schema.columns)} columns"

    def to_json(self) -> dict[str, Any]:
        schema, ranked = self.schema.to_json(), self.features.ranked_cells
        return {"kind": self.kind, "schema": schema, "ranked": ranked, "plain": self.plain}


def learn_input(X: Any, *, size: Any = None, grey: bool | None = None, mirror: bool = False) -> tuple[Input, Samples]:
    """Return what kind of data X is, and X as samples.

    Raises
    ------
    DataError
        Naming what in X cannot be used.
    """
    if are_pictures(X):
        pictures = open_pictures(X, size=size, grey=grey)
        return PictureInput(pictures.frame, mirror=mirror), pictures
    table, name = tables.read(X), tables.source_name(X)
    schema = Schema.infer(table, named=tables.named(table), name=name)
    cells = schema.encode(table, name=name)
    if not schema.cells:
        raise DataError(f"{name} has no column that can be used")
    features = CellFeatures.fit(schema.cells, cells)
    numbers = all(column.type == "number" and not column.missing for column in schema.used)
    plain = isinstance(X, np.ndarray) and numbers and len(schema.used) == len(schema.columns)
    held = TableInput(schema, features, plain=plain)
    return held, InMemory(Batch(features(torch.from_numpy(cells))))


def input_from_json(data: Any, tensors: Mapping[str, Tensor]) -> Any:
    """Return the input that `to_json` and `tensors` described.

    Raises
    ------
    ModelError
        If they do not describe one.
    """
    with rebuilding(tensors):
        if data["kind"] == SpeechInput.kind:
            rate, bands = int(data["rate"]), int(data["bands"])
            if not (0 < rate <= MOST_RATE and 0 < bands <= MOST_BANDS):
                raise ModelError(f"the model folder is damaged: {bands} bands of sound at {rate} Hz")
            return SpeechInput(rate=rate, bands=bands)
        if data["kind"] == PictureInput.kind:
            return PictureInput(Frame(**data["frame"]), mirror=bool(data["mirror"]))
        schema = Schema.from_json(data["schema"])
        schema.check_width(len(tensors["cell_of"]), data["ranked"])
        features = CellFeatures(schema.cells, ranked=data["ranked"])
        load_weights(features, dict(tensors))
        return TableInput(schema, features, plain=bool(data["plain"]))
