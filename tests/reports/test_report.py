"""The report as somebody sees it: in a real browser, where there is one."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from isthmus import AnomalyDetector
from isthmus.reports import figures
from isthmus.reports.detection import write_report
from isthmus.tasks.review import review

SCRIPT = "<script>document.title = 'broken in'</script>"


@pytest.fixture(scope="module")
def page(tmp_path_factory, detector, cells):
    path = tmp_path_factory.mktemp("report") / "report.html"
    seen = review(detector, cells.unseen, label=cells.label)
    write_report(seen, path, source="Breast cancer cells")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("no chromium and chromedriver on this machine to look at the report with")
    webdriver = pytest.importorskip("selenium.webdriver", reason="the browser is driven by selenium")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    profile = tmp_path_factory.mktemp("profile")
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync", "disable-dev-shm-usage", f"user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


def test_the_page_stands_alone(page):
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert 'src="http' not in text
    assert 'href="http' not in text
    assert text.count("<svg") == 6  # histogram, ROC, precision-recall, two maps, training


def test_a_browser_shows_every_section(page, browser):
    browser.get(page.as_uri())
    shown = {section.get_attribute("id") for section in browser.find_elements("css selector", "section[id]")}
    assert shown == {"oddest", "scores", "measured", "map", "training", "columns"}
    for figure in browser.find_elements("css selector", "figure svg"):
        assert figure.size["width"] > 200
        assert figure.size["height"] > 100
    rows = browser.find_elements("css selector", "#oddest tbody tr")
    assert len(rows) == 30
    assert "expected" in rows[0].text
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    sent = [json.loads(e["message"])["message"] for e in browser.get_log("performance")]
    ours = [m["params"]["request"]["url"] for m in sent
            if m["method"] == "Network.requestWillBeSent" and m["params"]["documentURL"] == page.as_uri()]  # fmt: skip
    assert page.as_uri() in ours
    assert all(url.startswith(("file:", "data:")) for url in ours)


def test_a_phone_needs_no_sideways_scrolling(page, browser):
    browser.set_window_size(500, 800)  # the narrowest a headless window gets
    browser.get(page.as_uri())
    wide, seen = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= seen
    browser.set_window_size(1200, 900)


def test_text_from_the_table_stays_text(tmp_path, browser):
    frame = pd.DataFrame({"a": range(40), "b": [1.5, 2.5] * 20, SCRIPT: ["x", "y"] * 20})
    detector = AnomalyDetector(steps=10, random_state=0, columns={"a": "number"}).fit(frame)
    new = frame.assign(**{SCRIPT: SCRIPT})
    write_report(review(detector, new), tmp_path / "r.html", source=SCRIPT)
    browser.get((tmp_path / "r.html").as_uri())
    assert browser.title == f"{SCRIPT}: what does not belong"
    assert SCRIPT in browser.find_element("css selector", "#oddest").text


def test_a_report_without_labels_and_of_few_rows(tmp_path, detector, cells):
    few = cells.benign[:3]
    write_report(review(detector, few), tmp_path / "r.html", source="three cells")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert 'id="measured"' not in text
    assert 'id="map"' not in text
    assert "three cells" in text


@pytest.mark.parametrize("lengths", [[3.0], [1.0, 2.0, 9.0], [5.0, 5.0]])
def test_a_histogram_of_few_shows_bars(lengths):
    import re

    figure = figures.histogram(np.array(lengths), 4.0)
    bars = [
        [float(number) for number in re.findall(r"[-\d.]+", path)]
        for path in re.findall(r'<path d="(M[^"]*z)[^"]*" clip-path', figure.replace("\n", " "))
    ]
    tall = [bar for bar in bars if max(bar[1::2]) - min(bar[1::2]) > 20 and max(bar[::2]) - min(bar[::2]) > 1]
    assert len(tall) == len(set(lengths))
    assert ">0</text>" in figure  # which no logarithmic axis has
