"""Files on disk: found in folders, and written so that a reader sees the old or the new, never half of either."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from isthmus.errors import DataError, OutputError

__all__ = [
    "all_below", "check_place", "found_among", "found_below", "made_folder", "replaced_file", "replaced_folder", "told",
]  # fmt: skip


def found_below(folder: str | Path, suffixes: Collection[str], what: str) -> list[Path]:
    """Return the files of a folder and its sub-folders that end in one of the suffixes, sorted by path.

    Raises
    ------
    DataError
        If there is no such folder, or no such file in it; `what` says what was looked for.
    """
    return found_among(all_below(folder), folder, suffixes, what)


def all_below(folder: str | Path) -> list[Path]:
    """Return the files and folders in a folder and below, sorted by path; what is only linked to is not entered.

    Raises
    ------
    DataError
        If there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder" if folder.exists() else f"{folder} does not exist")
    walked = os.walk(folder)  # Path.rglob would read every folder twice
    return sorted(Path(inside, name) for inside, folders, files in walked for name in (*folders, *files))


def found_among(paths: Iterable[Path], folder: str | Path, suffixes: Collection[str], what: str) -> list[Path]:
    """Return those of a folder's paths that are files and end in one of the suffixes.

    A link to nowhere is among them, so that who reads it says so.

    Raises
    ------
    DataError
        If there is none; `what` says what was looked for.
    """
    named = (path for path in paths if path.suffix.lower() in suffixes)
    found = [path for path in named if path.is_file() or (path.is_symlink() and not path.exists())]
    if not found:
        endings = ", ".join(sorted(suffixes))
        raise DataError(f"{folder} is a folder without {what}: no file in it or below ends in {endings}")
    return found


def check_place(path: Path) -> None:
    """Refuse at once, and not after an hour of work, a place that nothing can be written to.

    Raises
    ------
    OutputError
        Where the folder it would lie in is missing, read-only or no folder.
    """
    with told(path):
        parent = _beyond_links(path).absolute().parent
        found = parent.is_dir()
    if not found:
        raise OutputError(f"cannot write {path}: the folder {parent} does not exist; nothing was changed")
    if not os.access(parent, os.W_OK):
        raise OutputError(f"cannot write {path}: permission denied in {parent}; nothing was changed")
    try:  # the permission alone says little where the user is root, or the folder no real one
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError:
        raise OutputError(f"cannot write {path}: nothing can be made in {parent}; nothing was changed") from None


def made_folder(path: str | Path) -> Path:
    """Return a folder that is there or was made now, with those above it.

    Raises
    ------
    OutputError
        Where it cannot be made or written to.
    """
    path = Path(path)
    with told(path):
        path.mkdir(parents=True, exist_ok=True)
        check_place(path / "anything")
    return path


@contextmanager
def replaced_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends well, it takes that name.

    Raises
    ------
    OutputError
        Where the folder is missing, read-only or full. `path` is then as it was.
    """
    path = _beyond_links(path)
    with told(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            _sync(temporary)
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
            _sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def replaced_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; when the block ends well, it takes that name.

    Raises
    ------
    OutputError
        Where the parent is missing, read-only or full. `path` is then as it was.
    """
    path = _beyond_links(path)
    with told(path):
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        old = temporary.with_name(temporary.name + ".old")
        try:
            yield temporary
            for file in temporary.rglob("*"):
                _sync(file)
            os.chmod(temporary, 0o777 & ~_umask())
            if path.exists():
                os.rename(path, old)
            try:
                os.rename(temporary, path)
            except OSError:
                if old.exists():
                    os.rename(old, path)
                raise
            _sync(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the system says while `path` is written, or looked at for that, into an `OutputError` that names it."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        what = {
            errno.ENOSPC: "the disk is full",
            errno.EDQUOT: "the disk quota is used up",
            errno.EROFS: "the file system is read-only",
            errno.EACCES: "permission denied",
            errno.ENOENT: f"the folder {path.parent} does not exist",
            errno.ENOTDIR: f"{path.parent} is not a folder",
            errno.EEXIST: "a file of that name exists",
            errno.EISDIR: "a folder of that name exists",
            errno.EFBIG: "it is larger than a file may be here",
        }.get(error.errno or 0, error.strerror or str(error))
        raise OutputError(f"cannot write {path}: {what}; nothing was changed") from error


def _beyond_links(path: str | Path) -> Path:
    """Return what a link points to: it is that which is replaced, and the link stays."""
    path = Path(path)
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError) if path.is_dir() else nullcontext():  # some file systems cannot sync a folder
            os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
