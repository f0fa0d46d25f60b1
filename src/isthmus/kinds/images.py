"""Pictures: a folder, an array or an .npz file in, tensors of one size out, and back.

files, arrays ──► frame (size, channels, how to fit) ──► uint8 (N, C, H, W) ──► float in [0, 1]
                  stored in the model                    in memory, or read ahead from disk
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from isthmus.code import Batch
from isthmus.errors import DataError, OptionError
from isthmus.kinds import picture_arrays, picture_files
from isthmus.kinds.ahead import ahead
from isthmus.words import printable

__all__ = ["HELD", "Frame", "Pictures", "are_pictures", "open_pictures", "to_arrays"]

LARGEST_SIDE = 128  # of a frame that nobody asked for
MOST_PIXELS = 2**24  # of a frame: a batch of larger pictures would fill any memory
HELD = 2**30  # bytes of pixels that are kept in memory; a larger folder is read anew each time
LOOKED_AT = 64  # files, from all over a folder, that tell its frame


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
    sources : sequence of str or path
        Where each comes from: its path, or "picture 3".
    pixels : uint8 tensor (N, C, H, W), optional
        Where they are in memory; else they are read when taken.
    """

    def __init__(self, frame: Frame, sources: Sequence[str | Path], pixels: Tensor | None = None) -> None:
        self.frame, self.sources, self.pixels = frame, list(sources), pixels

    def __len__(self) -> int:
        return len(self.sources)

    @cached_property
    def names(self) -> list[str]:
        """What to call each in a message or a table; spelled when asked for, since most parts never are."""
        return [printable(source) for source in self.sources]

    def part(self, index: Tensor) -> Pictures:
        """Return some of them as pictures of their own."""
        sources = [self.sources[place] for place in index.tolist()]
        return Pictures(self.frame, sources, None if self.pixels is None else self.pixels[index])

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
        for x in ahead(self.at, chunks):
            yield Batch(x)

    def batches(self, size: int = 512) -> Iterator[Tensor]:
        """Yield all of them in their order, (n, C, H, W) in [0, 1]."""
        for batch in self.take(torch.arange(len(self)).split(size)):
            yield batch.x

    def all(self) -> Tensor:
        """Return all of them at once, (N, C, H, W) in [0, 1]."""
        return torch.cat(list(self.batches()))

    def arrays(self) -> list[np.ndarray]:
        """Return all of them as uint8 arrays (H, W) or (H, W, 3)."""
        if self.pixels is not None:
            return list(_with_channels_last(self.pixels))
        return list(to_arrays(self.all())) if len(self) else []

    def _read(self, index: Sequence[int]) -> Tensor:
        return torch.stack([_fitted(self.sources[place], self.frame)[0] for place in index])


def are_pictures(X: Any) -> bool:
    """Tell pictures from a table: `Pictures`, an array of 3 dimensions or more, a list, a folder, an .npz file."""
    if isinstance(X, (str, Path)):
        return os.path.isdir(X) or Path(X).suffix.lower() in picture_arrays.SUFFIXES | picture_files.SUFFIXES
    return isinstance(X, Pictures) or picture_arrays.are_arrays(X)


def open_pictures(
    X: Any,
    frame: Frame | None = None,
    *,
    size: int | tuple[int, int] | None = None,
    grey: bool | None = None,
    fit: Literal["crop", "pad", "stretch"] | None = None,
    skip: bool = False,
) -> Pictures:
    """Open whatever pictures people have.

    Parameters
    ----------
    X : path, array, list or Pictures
        A folder (with or without sub-folders) of PNG, JPEG or WebP files, one such file, an .npz or .npy file, a
        uint8 array (N, H, W) or (N, H, W, 3), a list of arrays or of Pillow's pictures, of one size, or what was
        opened before.
    frame : Frame, optional
        What a model was fitted to; else it is chosen by `size`, `grey` and `fit`, or from 64 pictures from all over.
    size : int or (height, width), optional
        By default that of the pictures, at most 128 on the longer side.
    grey : bool, optional
        By default whether all pictures looked at are grey; a folder that mixes both is told.
    fit : "crop", "pad" or "stretch", optional
        By default "crop"; of pictures opened before, what they were opened with.
    skip : bool
        Whether to leave out files that cannot be read, with one note, instead of stopping at the first.

    Raises
    ------
    DataError
        Naming the file that cannot be read, or saying what is wrong with the array, or that pictures opened before
        were brought to another frame.
    """
    if isinstance(X, Pictures):
        asked = frame or _frame(replace(X.frame, fit=fit or X.frame.fit), size=size, grey=grey)
        if asked != X.frame:
            whose = "the model needs" if frame else "asked for is"
            raise DataError(f"these pictures were brought to {X.frame}; {whose} {asked}: open them anew")
        return X
    fit = fit or "crop"
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
    return np.ascontiguousarray(_with_channels_last(pixels))


def _with_channels_last(pixels: Tensor) -> np.ndarray:
    """(N, C, H, W) -> (N, H, W) or (N, H, W, 3), the same memory."""
    return pixels[:, 0].numpy() if pixels.shape[1] == 1 else pixels.permute(0, 2, 3, 1).numpy()


def _from_files(files: list[Path], frame: Frame | None, size: Any, grey: bool | None, fit: Any, skip: bool) -> Pictures:
    frame = frame or _frame_of_files(files, size, grey, fit, skip)
    bytes_each = frame.channels * frame.height * frame.width
    hold = len(files) * bytes_each <= HELD
    kept: list[Path] = []
    left_out: list[DataError] = []
    pixels: list[Tensor] = []
    converted: dict[str, list[Path]] = {}
    # every file is tried once, so that training cannot stop halfway
    for path, outcome in zip(files, ahead(lambda path: _tried(path, frame), files), strict=True):
        if isinstance(outcome, DataError):
            if not skip:
                raise outcome
            left_out.append(outcome)
            continue
        kept.append(path)
        if hold:
            pixels.append(outcome[0])
        if outcome[1] is not None:
            converted.setdefault(outcome[1], []).append(path)
    picture_files.tell_converted(converted)
    picture_files.tell_left_out(left_out, len(files))
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
    sizes, colourless = [], []
    for place in np.unique(np.linspace(0, len(files) - 1, LOOKED_AT).astype(int)):
        try:
            picture, _ = picture_files.read(files[place], grey=False)
        except DataError:
            if not skip:
                raise
            continue
        sizes.append((picture.height, picture.width))
        values = np.asarray(picture.resize((32, 32)))
        colourless.append(bool((values == values[..., :1]).all()))
    if not sizes:
        raise DataError(f"none of {min(len(files), LOOKED_AT)} pictures from all over could be read")
    if grey is None:
        picture_files.tell_mixed(colourless)
    height, width = (int(value) for value in np.median(np.array(sizes), axis=0))
    return _frame(_moderate(height, width, 1 if all(colourless) else 3, fit), size=size, grey=grey)


def _from_array(X: Any, frame: Frame | None, size: Any, grey: bool | None, fit: Any) -> Pictures:
    array = picture_arrays.as_array(X)
    names = [f"picture {number}" for number in range(len(array))]
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    own = 1 if array.ndim == 3 else 3
    frame = frame or _frame(_moderate(array.shape[1], array.shape[2], own, fit), size=size, grey=grey)
    if (own, array.shape[1], array.shape[2]) == frame.shape:
        pixels = torch.from_numpy(np.ascontiguousarray(array))
        return Pictures(frame, names, pixels[:, None] if own == 1 else pixels.permute(0, 3, 1, 2).contiguous())
    return Pictures(frame, names, torch.stack([frame.apply(Image.fromarray(picture)) for picture in array]))


def _moderate(height: int, width: int, channels: int, fit: Any) -> Frame:
    """Return a frame of pictures' own proportions, and of no more pixels than nobody asked for."""
    shrink = min(1.0, LARGEST_SIDE / max(height, width))
    return Frame(max(1, round(height * shrink)), max(1, round(width * shrink)), channels, fit)


def _frame(own: Frame, *, size: Any, grey: bool | None) -> Frame:
    """Return what was asked for, and where nothing was, what is there."""
    channels = own.channels if grey is None else (1 if grey else 3)
    if size is None:
        return replace(own, channels=channels)
    sides = size if isinstance(size, (tuple, list)) else (size, size)
    if len(sides) != 2 or not all(isinstance(side, Integral) and not isinstance(side, bool) for side in sides):
        raise OptionError(f"size must be a whole number of pixels, or two (height, width), not {size!r}")
    return Frame(int(sides[0]), int(sides[1]), channels, own.fit)
