"""The tour: its page stands alone, and a station shows what it says (one is trained here; the demo trains all)."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from isthmus.cli import run
from isthmus.reports import tour as reports_tour
from isthmus.reports.pictures import sheet
from isthmus.reports.tour import write_tour
from isthmus.tasks import tour as tasks_tour
from isthmus.tasks.tour import STATIONS, Places, Station, Strip, tour


def test_the_first_station_beats_pca_and_shows_what_it_says():
    station = next(iter(tour(0)))
    linear, ours = (float(value) for value in station.measured.values())
    assert ours < 0.7 * linear
    assert station.figures[0].pictures.shape == (30, 8, 8)
    assert len(STATIONS) == 11


def test_the_last_station_brings_a_low_voice_near_to_a_high_one():
    station = next(tour(0, STATIONS[-1:]))
    before, after = (float(value) for value in station.measured.values())
    assert after > before + 0.05
    said, voice, result = station.figures[0].pictures.astype(float)
    low = slice(-20, None)  # where the lines of pitch lie

    def lines(mel):
        return mel[low].mean(1) - mel[low].mean()

    assert np.corrcoef(lines(result), lines(voice))[0, 1] > np.corrcoef(lines(result), lines(said))[0, 1]


def test_the_page_asks_nobody_for_anything_and_escapes_what_it_is_told(tmp_path):
    plane = Places("a map", np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 3)
    station = Station("<b>title</b>", "paper", "story", [plane], {"error": "1.0"})
    write_tour([station], tmp_path / "tour.html")
    page = (tmp_path / "tour.html").read_text()
    assert "&lt;b&gt;title" in page
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)
    assert "default-src 'none'" in page


def test_the_tour_tells_each_station_when_it_comes(tmp_path, monkeypatch, capsys):
    told = []

    def stations(seed):
        for title in ("First [bold]", "Second"):
            yield Station(title, "paper", "story")
            told.append(capsys.readouterr().out)

    monkeypatch.setattr(tasks_tour, "tour", stations)
    assert run(["demo", "--tour", "--out", str(tmp_path / "tour")]) == 0
    assert "1. First [bold] (paper)" in told[0]
    assert "2. Second" in told[1]


@pytest.mark.parametrize("name", ["_one_hot", "_odd"])
def test_no_station_shows_or_measures_what_it_was_taught(name, monkeypatch):
    taught, asked = [], []

    class Watched:
        def __init__(self, *_, **__):
            pass

        def fit(self, X):
            taught.extend(map(bytes, X))
            return self

        def predict_proba(self, X):
            asked.extend(map(bytes, X))
            return np.random.default_rng(0).dirichlet(np.ones(10), len(X))

        def score_samples(self, X):
            asked.extend(map(bytes, X))
            return np.arange(float(len(X)))

        def predict(self, X):
            return np.arange(len(X)) % 10

        def explain(self, X):
            return [SimpleNamespace(heat=np.ones((8, 8)), expected=picture) for picture in X]

    station = "Clusterer" if name == "_one_hot" else "AnomalyDetector"
    monkeypatch.setattr(tasks_tour, station, Watched)
    shown = next(tour(0, [getattr(tasks_tour, name)])).figures[0].pictures
    assert taught
    assert asked
    assert not set(taught) & (set(asked) | {bytes(picture) for picture in shown[:10]})


def test_rows_and_columns_of_a_strip_are_named_where_they_have_names(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        reports_tour,
        "sheet",
        lambda rows, labels, *, headings: seen.append((rows, labels, headings)) or sheet(rows, labels),
    )
    pictures = np.zeros((4, 8, 8), np.uint8)
    strip = Strip("bits", pictures, columns=2, labels=("on", "off"), headings=("bit 0", "bit 1"))
    write_tour([Station("Bits", "paper", "story", [strip, Strip("bare", pictures)])], tmp_path / "tour.html")
    ((rows, labels, headings),) = seen
    assert [len(row) for row in rows] == [2, 2]
    assert (labels, headings) == (("on", "off"), ("bit 0", "bit 1"))
