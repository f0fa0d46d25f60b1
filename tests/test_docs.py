"""Every Python block of the docs runs, in order within its page."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_blocks_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": page.stem}
    for language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(code, str(page), "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_exist(page, capsys):
    """Each `isthmus …` line of a page is understood as far as its options go."""
    from isthmus import cli

    for language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "sh":
            for line in code.splitlines():
                if line.startswith("isthmus "):
                    words = [word for word in line.split("#")[0].split()[1:3] if re.fullmatch(r"[a-z]+", word)]
                    assert cli.run([*words, "--help"]) == 0, line
                    text = capsys.readouterr().out
                    for option in re.findall(r"--[a-z-]+", line):
                        assert option in text, line
