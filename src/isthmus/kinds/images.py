"""Pictures: a folder, an array or an .npz file in, tensors of one size out, and back.

files, arrays ──► frame (size, channels, how to fit) ──► uint8 (N, C, H, W) ──► float in [0, 1]
                  stored in the model                    in memory, or read ahead from disk
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from isthmus.code import Batch
from isthmus.errors import DataError, OptionError, SchemaWarning
from isthmus.kinds import picture_arrays, picture_files

__all__ = ["Frame", "Pictures", "are_pictures", "open_pictures", "to_arrays"]

LARGEST_SIDE = 128  # of a frame that nobody asked for
MOST_PIXELS = 2**24  # of a frame: a batch of larger pictures would fill any memory
HELD = 2**30  # bytes of pixels that are kept in memory; a larger folder is read anew each time
AHEAD = 4  # batches to read ahead


@dataclass(frozen=True, slots=True)
class Frame:
    """The size that every picture is brought to, and how.

    Attributes
    ----------
    height, width : int
    channels : int
        1 (grey) or 3 (RGB).
    fit : "crop", "pad" or "stretch"
        Where proportions differ: cut the longer side, add black, or distort.
    """

    height: int
    width: int
    channels: int
    fit: Literal["crop", "pad", "stretch"] = "crop"

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise OptionError(f"a picture's size must be at least 1 × 1, not {self.height} × {self.width}")
        if self.height * self.width > MOST_PIXELS:
            raise OptionError(
                f"size must be at most {MOST_PIXELS:,} pixels, such as 4096 × 4096, not {self.height} × {self.width}"
            )
        if self.channels not in (1, 3):
            raise OptionError(f"channels must be 1 (grey) or 3 (RGB), not {self.channels}")
        if self.fit not in ("crop", "pad", "stretch"):
            raise OptionError(f"fit must be crop, pad or stretch, not {self.fit!r}")

    def __str__(self) -> str:
        """Say it as a person would."""
        fitted = {"crop": "cropped", "pad": "padded", "stretch": "stretched"}[self.fit]
        return f"{self.height} × {self.width} pixels, {'grey' if self.channels == 1 else 'in colour'}, {fitted} to fit"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one picture's tensor: channels, height, width."""
        return self.channels, self.height, self.width

    def apply(self, picture: Image.Image) -> Tensor:
        """Bring a picture to the frame: -> uint8 (C, H, W)."""
        picture = picture.convert("L" if self.channels == 1 else "RGB")
        size = (self.width, self.height)
        if picture.size != size:
            filter_ = Image.Resampling.BICUBIC
            if self.fit == "crop":
                picture = ImageOps.fit(picture, size, filter_)
            elif self.fit == "pad":
                picture = ImageOps.pad(picture, size, filter_)
            else:
                picture = picture.resize(size, filter_, reducing_gap=3.0)
        pixels = torch.from_numpy(np.array(picture))
        return pixels[None] if self.channels == 1 else pixels.permute(2, 0, 1).contiguous()

    def to_json(self) -> dict[str, Any]:
        """Return what `Frame(**...)` takes."""
        return asdict(self)


class Pictures:
    """Pictures of one frame, in memory or on disk; what the training loop takes samples from.

    Parameters
    ----------
    frame : Frame
    names : sequence of str
        What to call each in a message: its path, or "picture 3".
    pixels : uint8 tensor (N, C, H, W), optional
        Where they are in memory; else they are read when taken.
    """

    def __init__(self, frame: Frame, names: Sequence[str], pixels: Tensor | None = None) -> None:
        self.frame, self.names, self.pixels = frame, list(names), pixels

    def __len__(self) -> int:
        return len(self.names)

    def part(self, index: Tensor) -> Pictures:
        """Return some of them as pictures of their own."""
        names = [self.names[place] for place in index.tolist()]
        return Pictures(self.frame, names, None if self.pixels is None else self.pixels[index])

    def at(self, index: Tensor) -> Tensor:
        """Return some of them as numbers in [0, 1], (n, C, H, W)."""
        raw = self.pixels[index] if self.pixels is not None else self._read(index.tolist())
        return raw.float().div_(255)

    def take(self, chunks: Iterable[Tensor]) -> Iterator[Batch]:
        """Yield a batch for each tensor of indices; from disk, some batches are read ahead."""
        if self.pixels is not None:
            for chunk in chunks:
                yield Batch(self.at(chunk))
            return
        with ThreadPoolExecutor(AHEAD) as readers:  # Pillow decodes without holding the interpreter
            waiting = []
            for chunk in chunks:
                waiting.append(readers.submit(self.at, chunk))
                if len(waiting) > AHEAD:
                    yield Batch(waiting.pop(0).result())
            for future in waiting:
                yield Batch(future.result())

    def batches(self, size: int = 512) -> Iterator[Tensor]:
        """Yield all of them in their order, (n, C, H, W) in [0, 1]."""
        for batch in self.take(torch.arange(len(self)).split(size)):
            yield batch.x

    def all(self) -> Tensor:
        """Return all of them at once, (N, C, H, W) in [0, 1]."""
        return torch.cat(list(self.batches()))

    def arrays(self) -> list[np.ndarray]:
        """Return all of them as uint8 arrays (H, W) or (H, W, 3)."""
        return list(to_arrays(self.all())) if len(self) else []

    def _read(self, index: Sequence[int]) -> Tensor:
        return torch.stack([_fitted(self.names[place], self.frame)[0] for place in index])


def are_pictures(X: Any) -> bool:
    """Tell pictures from a table: an array of 3 dimensions or more, a list of pictures, a folder, or an .npz file."""
    if isinstance(X, (str, Path)):
        return os.path.isdir(X) or Path(X).suffix.lower() in picture_arrays.SUFFIXES | picture_files.SUFFIXES
    return isinstance(X, Pictures) or picture_arrays.are_arrays(X)


def open_pictures(
    X: Any,
    frame: Frame | None = None,
    *,
    size: int | tuple[int, int] | None = None,
    grey: bool | None = None,
    fit: Literal["crop", "pad", "stretch"] = "crop",
    skip: bool = False,
) -> Pictures:
    """Open whatever pictures people have.

    Parameters
    ----------
    X : path, array or list
        A folder (with or without sub-folders) of PNG, JPEG or WebP files, one such file, an .npz or .npy file, a
        uint8 array (N, H, W) or (N, H, W, 3), or a list of arrays or of Pillow's pictures, of one size.
    frame : Frame, optional
        What a model was fitted to; else it is chosen by `size`, `grey` and `fit`, or from the first pictures.
    size : int or (height, width), optional
        By default that of the pictures, at most 128 on the longer side.
    grey : bool, optional
        By default whether all of the first pictures are grey.
    fit : "crop", "pad" or "stretch"
    skip : bool
        Whether to leave out files that cannot be read, with a warning each, instead of stopping at the first.

    Raises
    ------
    DataError
        Naming the file that cannot be read, or saying what is wrong with the array.
    """
    if isinstance(X, Pictures):
        if frame not in (None, X.frame):
            raise DataError(f"these pictures were brought to {X.frame}; the model needs {frame}: open them anew")
        return X
    if isinstance(X, (str, Path)):
        path = Path(X)
        if picture_arrays.is_archive(path):
            return _from_array(picture_arrays.load_array(path), frame, size, grey, fit)
        files = [path] if path.is_file() else picture_files.find(path)
        return _from_files(files, frame, size, grey, fit, skip)
    return _from_array(X, frame, size, grey, fit)


def to_arrays(x: Tensor) -> np.ndarray:
    """Return numbers in [0, 1] as pictures, (N, C, H, W) -> uint8 (N, H, W) or (N, H, W, 3)."""
    pixels = x.detach().clamp(0, 1).mul(255).round().to(torch.uint8).cpu()
    return pixels[:, 0].numpy() if pixels.shape[1] == 1 else pixels.permute(0, 2, 3, 1).contiguous().numpy()


def _from_files(files: list[Path], frame: Frame | None, size: Any, grey: bool | None, fit: Any, skip: bool) -> Pictures:
    frame = frame or _frame_of_files(files, size, grey, fit, skip)
    bytes_each = frame.channels * frame.height * frame.width
    hold = len(files) * bytes_each <= HELD
    kept: list[str] = []
    pixels: list[Tensor] = []
    converted: dict[str, list[Path]] = {}
    with ThreadPoolExecutor(AHEAD) as readers:  # every file is tried once, so that training cannot stop halfway
        for path, outcome in zip(files, readers.map(lambda path: _tried(path, frame), files), strict=True):
            if isinstance(outcome, DataError):
                if not skip:
                    raise outcome
                warnings.warn(f"left out: {outcome}", SchemaWarning, stacklevel=3)
                continue
            kept.append(str(path))
            if hold:
                pixels.append(outcome[0])
            if outcome[1] is not None:
                converted.setdefault(outcome[1], []).append(path)
    picture_files.tell_converted(converted)
    if not kept:
        raise DataError(f"none of the {len(files)} pictures could be read")
    return Pictures(frame, kept, torch.stack(pixels) if hold else None)


def _tried(path: Path, frame: Frame) -> tuple[Tensor, str | None] | DataError:
    try:
        return _fitted(path, frame)
    except DataError as error:
        return error


def _fitted(path: str | Path, frame: Frame) -> tuple[Tensor, str | None]:
    picture, converted = picture_files.read(path, grey=frame.channels == 1, least=(frame.width, frame.height))
    return frame.apply(picture), converted


def _frame_of_files(files: list[Path], size: Any, grey: bool | None, fit: Any, skip: bool) -> Frame:
    sizes, grey_so_far = [], True
    for path in files[:64]:
        try:
            picture, _ = picture_files.read(path, grey=False)
        except DataError:
            if not skip:
                raise
            continue
        sizes.append((picture.height, picture.width))
        values = np.asarray(picture.resize((32, 32)))
        grey_so_far &= bool((values == values[..., :1]).all())
    if not sizes:
        raise DataError(f"none of the first {min(len(files), 64)} pictures could be read")
    height, width = (int(value) for value in np.median(np.array(sizes), axis=0))
    return _frame(height, width, 1 if (grey_so_far if grey is None else grey) else 3, size, fit)


def _from_array(X: Any, frame: Frame | None, size: Any, grey: bool | None, fit: Any) -> Pictures:
    array = picture_arrays.as_array(X)
    names = [f"picture {number}" for number in range(len(array))]
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    own = 1 if array.ndim == 3 else 3
    frame = frame or _frame(array.shape[1], array.shape[2], own if grey is None else (1 if grey else 3), size, fit)
    if (own, array.shape[1], array.shape[2]) == frame.shape:
        pixels = torch.from_numpy(np.ascontiguousarray(array))
        return Pictures(frame, names, pixels[:, None] if own == 1 else pixels.permute(0, 3, 1, 2).contiguous())
    return Pictures(frame, names, torch.stack([frame.apply(Image.fromarray(picture)) for picture in array]))


def _frame(height: int, width: int, channels: int, size: Any, fit: Any) -> Frame:
    if size is not None:
        sides = size if isinstance(size, (tuple, list)) else (size, size)
        if len(sides) != 2 or not all(isinstance(side, Integral) and not isinstance(side, bool) for side in sides):
            raise OptionError(f"size must be a whole number of pixels, or two (height, width), not {size!r}")
        height, width = map(int, sides)
    elif max(height, width) > LARGEST_SIDE:
        shrink = LARGEST_SIDE / max(height, width)
        height, width = max(1, round(height * shrink)), max(1, round(width * shrink))
    return Frame(height, width, channels, fit)
