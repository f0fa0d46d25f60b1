"""Recordings: sound files in, mono samples at one rate out, and back.

soundfile decodes WAV, FLAC, OGG and MP3, soxr changes the rate. Files are read with distrust and in blocks, so that an
hour takes no more memory than a minute where the caller takes them as they come. What cannot be used is one clear
error that names the file; what is used in spite of a fault (clipped, cut short, telephone sound) is told.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.errors import DataError, SoundWarning
from isthmus.extras import needed
from isthmus.files import found_below, replaced_file
from isthmus.kinds.sound_ends import missing_end
from isthmus.words import printable

__all__ = [
    "RATE", "SUFFIXES", "Take", "bounds", "check_heard", "find", "note", "read", "stream", "trimmed",
    "write",
]  # fmt: skip

RATE = 16_000  # samples a second: all that speech needs, and what its corpora have
SUFFIXES = {".wav", ".flac", ".ogg", ".mp3"}
RATES = (4_000, 384_000)  # of files; beyond them a header is wrong, or meant to make us work
BLOCK = 10.0  # seconds read at once
SEARCHED = 3600.0  # seconds of a recording, silence and all, in which to look for as much sound as is wanted
MOST_CHANNELS = 16
SILENT = 1e-4  # full scale; a file that never rises above it holds nothing
CLIPPED, TOO_OFTEN = 0.999, 1e-3  # full scale, and the share of samples there from which a file is told to be clipped
FRAME, HOP = 400, 160  # samples in which loudness is measured (25 and 10 ms at 16 kHz)
QUIET = 35.0  # decibels below the loudest frame from which a frame at either end is silence
KEPT = 0.03  # seconds left before and after what is not silence
FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG"}  # that can be written


@dataclass(frozen=True, slots=True)
class Take:
    """One recording of a folder.

    Attributes
    ----------
    path : Path
    speaker : str
        Who speaks: the sub-folder it lies in, or for files that lie in no sub-folder their own name.
    """

    path: Path
    speaker: str


def find(folder: str | Path) -> list[Take]:
    """Return the recordings of a folder and its sub-folders, sorted by path.

    Raises
    ------
    DataError
        If there is no such folder, or no recording in it.
    """
    takes = []
    for path in found_below(folder, SUFFIXES, "recordings"):
        inside = path.relative_to(folder).parts
        takes.append(Take(path, printable(inside[0] if len(inside) > 1 else path.stem)))
    return takes


def read(path: str | Path, rate: int = RATE, *, most: float | None = None) -> np.ndarray:
    """Read one recording whole.

    Parameters
    ----------
    path : path
    rate : int
        Samples a second to return.
    most : float, optional
        Seconds of sound to return at most. Of a longer recording silent seconds do not count, and are left out.

    Returns
    -------
    array (samples,), float32
        Mono, full scale at ±1.

    Raises
    ------
    DataError
        Naming the file: missing, empty, silent, or not sound.
    """
    with closing(stream(path, rate, seconds=BLOCK if most is None else 1.0)) as blocks:
        held = list(blocks) if most is None else _sounding(path, blocks, round(most * rate), rate)
    samples = np.concatenate([np.zeros(0, np.float32), *held])
    check_heard(path, float(np.abs(samples).max(initial=0.0)))
    return samples if most is None else samples[: round(most * rate)]


def _sounding(path: str | Path, blocks: Iterable[np.ndarray], wanted: int, rate: int) -> list[np.ndarray]:
    """Return blocks up to so many samples, or the loud ones of more, and tell it if there are more than wanted."""
    held: list[tuple[float, np.ndarray]] = []  # each with its greatest sample
    count = seen = 0
    for block in blocks:
        held.append((float(np.abs(block).max()), block))
        count, seen = count + len(block), seen + len(block)
        if count > wanted:
            least = max(peak for peak, _ in held) * 10 ** (-QUIET / 20)
            held = [(peak, block) for peak, block in held if peak > least]
            count = sum(len(block) for _, block in held)
        if count > wanted:
            warnings.warn(
                f"{path} goes on after {wanted / rate:g} s of sound, which are all that is used",
                SoundWarning, stacklevel=3,
            )  # fmt: skip
            break
        if seen > SEARCHED * rate:
            break
    return [block for _, block in held]


def stream(path: str | Path, rate: int = RATE, *, seconds: float = BLOCK) -> Generator[np.ndarray]:
    """Yield one recording in blocks, in bounded memory.

    Parameters
    ----------
    path : path
    rate : int
        Samples a second of what is yielded.
    seconds : float
        Of a block, roughly.

    Yields
    ------
    array (samples,), float32
        Mono.

    Raises
    ------
    DataError
        Naming the file: missing, empty or not sound, or damaged further on.
    """
    with needed("soxr", "recordings", extra="speech"):
        import soxr

    path = Path(path)
    with _opened(path) as file:
        own, count, clipped = file.samplerate, 0, 0
        resample = soxr.ResampleStream(own, rate, 1, dtype="float32") if own != rate else None
        if own < rate:
            warnings.warn(
                f"{path} has {own:,} samples a second: nothing above {own / 2:,.0f} Hz is in it, and nothing there "
                f"can be restored",
                SoundWarning, stacklevel=2,
            )  # fmt: skip
        if missing := missing_end(path):
            warnings.warn(f"{path} is cut short: {missing}", SoundWarning, stacklevel=2)
        try:
            while True:
                block = _block(path, file, max(1, round(seconds * own)))
                count, clipped = count + len(block), clipped + int((np.abs(block) >= CLIPPED).sum())
                ended = len(block) == 0
                if resample is not None:
                    block = resample.resample_chunk(block, last=ended)
                if len(block):
                    yield block
                if ended:
                    break
        finally:  # also where the reader has enough before the end
            _tell_clipped(path, clipped, count)
        if count == 0:
            raise DataError(f"{path} holds no sound (0 samples)")


def check_heard(name: object, loudest: float) -> None:
    """Raise a `DataError` that names a recording of which no sample is louder than `SILENT`."""
    if loudest < SILENT:
        raise DataError(f"{name} is silent: no sample rises above {SILENT:g} of full scale")


def bounds(samples: np.ndarray) -> tuple[int, int]:
    """Return where the silence before ends and the silence after begins, at `RATE`."""
    if len(samples) < 2 * FRAME:
        return 0, len(samples)
    starts = np.arange(0, len(samples) - FRAME + 1, HOP)
    sums = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    power = (sums[starts + FRAME] - sums[starts]) / FRAME
    loud = np.flatnonzero(power > power.max() * 10 ** (-QUIET / 10))
    if len(loud) == 0:
        return 0, len(samples)
    margin = round(KEPT * RATE)
    return max(0, int(starts[loud[0]]) - margin), min(len(samples), int(starts[loud[-1]]) + FRAME + margin)


def trimmed(samples: np.ndarray) -> np.ndarray:
    """Return the samples without the silence before and after, at `RATE`."""
    start, stop = bounds(samples)
    return samples[start:stop]


def write(path: str | Path, parts: Iterable[np.ndarray], rate: int = RATE, *, note: str = "") -> float:
    """Write mono samples as WAV, FLAC or OGG, whole or not at all, and return how many seconds they are.

    Parameters
    ----------
    path : path
        Its ending names the format.
    parts : iterable of array (samples,)
        One after the other, full scale at ±1.
    rate : int
    note : str
        Kept in the file as its comment, where `note` reads it.

    Raises
    ------
    DataError
        If the ending names no format that can be written.
    OutputError
        If the place cannot be written to.
    """
    with needed("soundfile", "recordings", extra="speech"):
        import soundfile

    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise DataError(f"cannot write {path}: end its name in {', '.join(FORMATS)}")
    count = 0
    with (
        replaced_file(path) as temporary,
        temporary.open("wb") as place,
        soundfile.SoundFile(place.fileno(), "w", rate, 1, format=FORMATS[path.suffix.lower()], closefd=False) as file,
    ):
        if note:
            file.comment = note
        for part in parts:
            file.write(np.clip(part, -1.0, 1.0).astype(np.float32))
            count += len(part)
    return count / rate


def note(path: str | Path) -> str:
    """Return the comment kept in a sound file; empty where there is none.

    Raises
    ------
    DataError
        Naming the file.
    """
    with _opened(Path(path)) as file:
        return str(file.copy_metadata().get("comment", ""))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a sound file, with every way in which it cannot be opened or read told in one line."""
    with needed("soundfile", "recordings", extra="speech"):
        import soundfile

    try:
        if not path.is_file():
            raise DataError(f"{path} is a folder, not a sound file" if path.is_dir() else f"{path} does not exist")
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty (0 bytes)")
        place = path.open("rb")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    with place:
        try:  # by its number: a name that is no UTF-8, or ends in .raw, would be refused
            file = soundfile.SoundFile(place.fileno(), closefd=False)
        except soundfile.LibsndfileError:
            raise DataError(
                f"{path} is not a sound file that can be decoded (WAV, FLAC, OGG, MP3), whatever its name says"
            ) from None
        with file:
            if not RATES[0] <= file.samplerate <= RATES[1] or file.channels > MOST_CHANNELS:
                raise DataError(f"{path} claims {file.samplerate:,} samples a second in {file.channels} channels")
            yield file


def _tell_clipped(path: Path, clipped: int, count: int) -> None:
    if clipped > TOO_OFTEN * count:
        warnings.warn(
            f"{path} is clipped: {clipped / count:.1%} of its samples are at full scale; a quieter recording would do "
            "better",
            SoundWarning, stacklevel=2,
        )  # fmt: skip


def _block(path: Path, file: Any, frames: int) -> np.ndarray:
    import soundfile

    try:
        block = file.read(frames, dtype="float32", always_2d=True).mean(1)
    except soundfile.LibsndfileError as error:
        raise DataError(f"{path} is cut short or damaged: {error.error_string}") from None
    if not np.isfinite(block).all():
        raise DataError(f"{path} holds samples that are no numbers")
    return block
