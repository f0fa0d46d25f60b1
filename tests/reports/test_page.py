"""Every page stands alone, holds what it is told as text, and is written whole or not at all."""

import pytest
from jinja2 import UndefinedError

from isthmus.errors import OutputError
from isthmus.reports.page import write_page
from isthmus.version import __version__


def test_what_a_page_is_told_stays_text(tmp_path):
    write_page("gallery.html", tmp_path / "p.html", title="<script>", story="Müller & 猫", figures=[])
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "<title>&lt;script&gt;</title>" in page
    assert "<script" not in page
    assert "Müller &amp; 猫" in page
    assert f"Isthmus {__version__}" in page


def test_a_page_that_lacks_something_or_has_no_place_leaves_what_was_there(tmp_path):
    (tmp_path / "p.html").write_text("old")
    with pytest.raises(UndefinedError):
        write_page("gallery.html", tmp_path / "p.html", title="a title and nothing else")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("p.html", "old")]
    with pytest.raises(OutputError, match="does not exist; nothing was changed"):
        write_page("gallery.html", tmp_path / "nowhere" / "p.html", title="a", story="b", figures=[])
