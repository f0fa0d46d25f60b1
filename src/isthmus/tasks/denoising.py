"""Clean pictures: the noise of one's own photos taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.errors import OptionError
from isthmus.kinds import picture_files
from isthmus.kinds.cuts import Cuts, numbered_pictures
from isthmus.kinds.images import Frame, to_arrays
from isthmus.kinds.picture_arrays import as_array, is_archive, load_array
from isthmus.kinds.picture_folder import added_pictures, check_folder, png_names
from isthmus.recipes.restoring import SPOILERS, restoring
from isthmus.tasks.fitting import fitting
from isthmus.tasks.inputs import PictureInput
from isthmus.tasks.learned import LearnedTask
from isthmus.tasks.options import check_number, check_options

__all__ = ["Denoiser"]

WAYS = [(mirrored, turns) for mirrored in (False, True) for turns in range(4)]  # of seeing a picture
TILE, OVERLAP = 256, 32  # pixels; the network sees less than OVERLAP around each of them


class Denoiser(LearnedTask):
    """A de-noising auto-encoder (Vincent et al., 2008) for pictures of any size.

    It learns on small cuts of clean pictures, spoiled anew every time they are seen, and restores pictures of any
    size tile by tile.

    Parameters
    ----------
    noise : "gaussian", "salt-and-pepper" or "masking"
    level : float
        Deviation of the noise as a share of white, or share of the pixels that are spoiled. Training draws levels
        up to this one and a half times, so that less noise is not smoothed too much.
    steps : int
        Training steps of 32 cuts.
    width : int
        Channels of the network.
    cut : int
        Side of the cuts, pixels; smaller pictures are used whole.
    grey : bool, optional
        By default whether all pictures are grey.
    random_state : int, RandomState or None
    log_dir, checkpoint : path, optional
    progress : bool

    Attributes
    ----------
    input_ : PictureInput
    model_ : AutoEncoder
    history_ : History
    """

    input_: PictureInput
    model_: AutoEncoder

    def __init__(
        self,
        noise: Literal["gaussian", "salt-and-pepper", "masking"] = "gaussian",
        level: float = 0.1,
        *,
        steps: int = 3000,
        width: int = 32,
        cut: int = 48,
        grey: bool | None = None,
        random_state: Any = None,
        log_dir: str | Path | None = None,
        checkpoint: str | Path | None = None,
        progress: bool = False,
    ) -> None:
        self.noise = noise
        self.level = level
        self.steps = steps
        self.width = width
        self.cut = cut
        self.grey = grey
        self.random_state = random_state
        self.log_dir = log_dir
        self.checkpoint = checkpoint
        self.progress = progress

    def fit(self, X: Any, y: Any = None, *, skip: bool = False) -> Denoiser:
        """Learn from clean pictures.

        Parameters
        ----------
        X : folder of pictures, array or list of pictures, .npz file of them, or Pictures
        y : ignored
        skip : bool
            Whether to leave out files that cannot be read, with one note, instead of stopping at the first.

        Raises
        ------
        DataError
            Naming the file that cannot be used.
        OptionError
            Naming the option that is out of its range.
        """
        if not isinstance(self.noise, str) or self.noise not in SPOILERS:
            raise OptionError(f"noise must be one of {', '.join(SPOILERS)}, not {self.noise!r}")
        check_options(self.get_params())
        check_number("level", self.level)
        if not 0 < self.level < 1:
            raise OptionError(f"level must lie above 0 and below 1, not {self.level}")
        with fitting(self), torch.random.fork_rng():
            cuts = Cuts(X, side=self.cut, grey=self.grey, skip=skip)
            self.input_ = PictureInput(Frame(cuts.side, cuts.side, cuts.channels))
            torch.manual_seed(self._seed())
            self._train(
                self._build(), cuts, batch_size=32, learning_rate=1e-3, warmup=min(100, self.steps),
                title="learning to restore",
            )  # fmt: skip
        return self

    def restore(self, X: Any, *, thorough: bool = False, skip: bool = False) -> Any:
        """Return pictures without their noise.

        Parameters
        ----------
        X : folder, file, array of pictures, list of pictures of any sizes, or Pictures
            A picture is uint8, (H, W) or (H, W, 3). Each comes back grey or in colour as it is, whatever was learned
            from: a model of grey pictures restores the channels of a coloured one one by one.
        thorough : bool
            Whether to average over all eight ways to mirror and turn a picture: eight times the work for about a tenth
            of a decibel (Timofte, Rothe & Van Gool, 2016, arXiv:1511.02228, section 3.4). Pictures no larger than the
            cuts that were learned from are mirrored alone.
        skip : bool
            As in `fit`.

        Returns
        -------
        array or list of arrays, uint8
            An array where an array or an .npz file came in; else a list, one a picture, in the order of paths.

        Raises
        ------
        DataError
            Naming the file or the picture that cannot be used.
        """
        restored = [after for _, _, after in self._each_restored(X, thorough, skip)]
        stacked = isinstance(X, np.ndarray) or (isinstance(X, (str, Path)) and is_archive(Path(X)))
        return np.stack(restored) if stacked else restored

    def restore_files(
        self,
        X: str | Path,
        out: str | Path,
        *,
        thorough: bool = False,
        skip: bool = False,
        seen: Callable[[Path, np.ndarray, np.ndarray], None] = lambda name, before, after: None,
    ) -> int:
        """Restore a picture file, a folder of them or an .npz into a folder of PNG files; return how many there were.

        The folder is written whole or not at all. It may hold what was restored earlier, and nothing else. Files keep
        their names and sub-folders; where two differ in their ending alone it stays in the name (a.jpg.png); pictures
        of an .npz are numbered. `thorough` and `skip` are as in `restore`; `seen` is called with the name of each
        picture, the picture itself and what it is restored to.

        Raises
        ------
        DataError
            Naming the file that cannot be used.
        OutputError
            Where the folder cannot be written, or something in it would be lost.
        """
        self._check_fitted()
        source, folder = Path(X), Path(out)
        check_folder(folder, source)
        pictures: Any
        if is_archive(source):
            pictures = as_array(load_array(source))
            names = [Path(f"{number:05}.png") for number in range(len(pictures))]
        else:
            pictures = [source] if source.is_file() else picture_files.find(source)
            root = source.parent if source.is_file() else source
            names = png_names([path.relative_to(root) for path in pictures])
        count = 0
        with added_pictures(folder) as keep:
            for number, picture, restored in self._each_restored(pictures, thorough, skip):
                keep(names[number], restored)
                seen(names[number], picture, restored)
                count += 1
        return count

    def _each_restored(self, X: Any, thorough: bool, skip: bool) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield the number of each picture, the picture, and what it is restored to."""
        self._check_fitted()
        for number, picture in numbered_pictures(X, skip=skip):
            yield number, picture, self._restored(picture, self._ways(picture) if thorough else WAYS[:1])

    def _ways(self, picture: np.ndarray) -> Sequence[tuple[bool, int]]:
        frame = self.input_.frame
        return WAYS if min(picture.shape[:2]) > min(frame.height, frame.width) else [(False, 0), (True, 0)]

    def _restored(self, picture: np.ndarray, ways: Sequence[tuple[bool, int]]) -> np.ndarray:
        x = torch.from_numpy(np.array(picture)).view(*picture.shape[:2], -1).permute(2, 0, 1)[None].float() / 255
        own, learned = x.shape[1], self.input_.frame.channels
        if own > learned:
            x = x.transpose(0, 1)  # a batch of grey pictures
        elif own < learned:
            x = x.repeat(1, learned, 1, 1)
        total = torch.zeros_like(x)
        for mirrored, turns in ways:
            seen = (x.flip(3) if mirrored else x).rot90(turns, (2, 3))
            back = self._by_tiles(seen).rot90(-turns, (2, 3))
            total += back.flip(3) if mirrored else back
        mean = total / len(ways)
        if own > learned:
            mean = mean.transpose(0, 1)
        elif own < learned:
            mean = mean.mean(1, keepdim=True)
        return to_arrays(mean)[0].reshape(picture.shape)

    def _by_tiles(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        out = torch.empty_like(x)
        for top in range(0, height, TILE):
            for left in range(0, width, TILE):
                out[..., top : top + TILE, left : left + TILE] = self._tile(x, top, left)
        return out

    def _tile(self, x: Tensor, top: int, left: int) -> Tensor:
        """Restore one tile, seen with what lies around it, so that no seam shows."""
        height, width = x.shape[2:]
        above, before = max(top - OVERLAP, 0), max(left - OVERLAP, 0)
        part = x[..., above : min(top + TILE + OVERLAP, height), before : min(left + TILE + OVERLAP, width)]
        even = torch.nn.functional.pad(part, (0, part.shape[3] % 2, 0, part.shape[2] % 2), mode="replicate")
        with torch.inference_mode():
            whole = self.model_.reconstruct(Batch(even))
        return whole[..., top - above :, left - before :][..., : min(TILE, height - top), : min(TILE, width - left)]

    def _build(self) -> AutoEncoder:
        return restoring(self.input_.frame.channels, noise=self.noise, level=self.level, width=self.width)
