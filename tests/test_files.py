import errno
import os

import pytest

from isthmus.errors import OutputError
from isthmus.files import replaced_file, replaced_folder


def test_a_file_appears_whole_with_usual_rights(tmp_path):
    with replaced_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text() == "new"
    (tmp_path / "usual").touch()
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_an_error_leaves_the_old_file_and_folder(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "x").write_text("old")
    for context, path in ((replaced_file, "a.txt"), (replaced_folder, "m")):
        with pytest.raises(KeyboardInterrupt), context(tmp_path / path):
            raise KeyboardInterrupt
    assert (tmp_path / "a.txt").read_text() == "old"
    assert (tmp_path / "m" / "x").read_text() == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.txt", "m"]


def test_a_folder_takes_the_place_of_the_old_one(tmp_path):
    for text in ("first", "second"):
        with replaced_folder(tmp_path / "m") as temporary:
            (temporary / text).write_text(text)
    assert [file.name for file in (tmp_path / "m").iterdir()] == ["second"]


def test_a_rename_that_fails_puts_the_old_folder_back(tmp_path, monkeypatch):
    with replaced_folder(tmp_path / "m") as temporary:
        (temporary / "x").write_text("old")
    rename, calls = os.rename, []

    def second_fails(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(errno.EIO, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(os, "rename", second_fails)
    with pytest.raises(OutputError, match="nothing was changed"), replaced_folder(tmp_path / "m") as temporary:
        (temporary / "y").write_text("new")
    assert [file.name for file in (tmp_path / "m").iterdir()] == ["x"]
    assert [file.name for file in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "permission denied")],
)
def test_what_the_system_refuses_is_told_in_words(tmp_path, number, words):
    with pytest.raises(OutputError, match=words), replaced_file(tmp_path / "a"):
        raise OSError(number, os.strerror(number))
