"""The pages of reliability and smoothing: empty, measured, gone on with, and bad input told."""

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dlexplain as dx
from dlexplain.results.reliability import SCORE_TITLES
from dlexplain.services.reliability import shipped
from dlexplain.services.reliability import smoothing as service
from tests.pages.apps import said
from tests.pages.test_pages import ROOT

PAGES = {
    "reliability": str(ROOT / "pages/secure/3_reliability.py"),
    "smoothing": str(ROOT / "pages/secure/5_smoothing.py"),
}
LINE = "This picture is unlike what digits-cnn was trained on"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests have measured is not there, nor what comes along."""
    monkeypatch.setattr(shipped, "_folder", lambda model: tmp_path / "here" / model)
    monkeypatch.setattr(shipped, "_zoo_folder", lambda model: tmp_path / "zoo" / model)
    monkeypatch.setattr(service, "smoothing_folder", lambda home: tmp_path / "smoothing")


def opened(which: str, **query: str) -> AppTest:
    page = AppTest.from_file(PAGES[which], default_timeout=90)
    page.query_params.update({"model": "digits-cnn", **query})
    page.run()
    assert not page.exception
    return page


def pressed(page: AppTest, label: str, slot: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    stop = time.monotonic() + 90
    while page.session_state[slot].active:
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.05)
    page.run()
    assert not page.exception
    return page


def test_empty_pages_say_what_to_do() -> None:
    page = opened("reliability")
    assert said(page).count("This has not been measured of this model yet") == 2
    assert not page.button
    assert "Nothing is certified of this model yet" in said(opened("smoothing"))
    texts = opened("reliability", model="sst2-cnn")
    assert said(texts).count("This has not been measured of this model yet") == 1


def test_calibration_is_measured_and_shown() -> None:
    page = opened("reliability", count="300")
    assert [b.label for b in page.button] == ["Measure calibration", "Measure out of distribution"]
    page = pressed(page, "Measure calibration", "calibration")
    found = page.session_state["calibration"].job.result
    assert found.told in said(page)
    frame = page.dataframe[0].value
    assert frame["As it is"][0].startswith(f"{found.before.ece:.3f} [")
    assert list(frame["Measure"]) == ["ECE", "ECE by chance", "NLL", "Brier"]
    assert list(frame)[2] == f"Temperature {found.temperature:.2f}"
    assert len(page.get("plotly_chart")) == 1
    assert page.query_params["count"] == "300"
    assert found.told in said(opened("reliability"))  # another session sees it


def test_out_of_distribution_is_measured_and_the_image_page_says_it() -> None:
    page = pressed(opened("reliability", count="40"), "Measure out of distribution", "outside")
    found = page.session_state["outside"].job.result
    assert found.told in said(page)
    frame = page.dataframe[0].value
    assert list(frame) == ["Shown", "Pictures", *SCORE_TITLES.values()]
    cell = found.cell("energy", "textures")
    assert frame["Energy"][1].startswith(f"{cell.auroc:.3f} [{cell.auroc_low:.3f}")
    assert len(page.get("plotly_chart")) == len(SCORE_TITLES)
    image = AppTest.from_file(str(ROOT / "pages/explain/1_image.py"), default_timeout=60)
    image.query_params.update({"model": "digits-cnn", "sample": "coffee", "methods": "saliency"})
    image.run()
    assert not image.exception
    energy = dx.predict("digits-cnn", dx.read_sample("coffee")).energy
    assert energy is not None
    assert (LINE in said(image)) == (-energy < found.familiar.unusual)


def test_the_image_page_says_nothing_where_nothing_is_known() -> None:
    image = AppTest.from_file(str(ROOT / "pages/explain/1_image.py"), default_timeout=60)
    image.query_params.update({"model": "digits-cnn", "sample": "coffee", "methods": "saliency"})
    assert LINE not in said(image.run())


def test_smoothing_is_certified_and_shown() -> None:
    page = opened("smoothing", count="5", samples="60", sigma="0.1")
    page = pressed(page, "Certify", "smoothing")
    found = page.session_state["smoothing"].job.result
    assert (found.n, found.samples, found.sigma) == (5, 60, 0.1)
    assert found.told in said(page)
    frame = page.dataframe[0].value
    share, low, high = found.accuracy(0.0)
    assert frame["Right and certified"][0] == f"{share:.1%} [{low:.1%}, {high:.1%}]"
    assert len(page.get("plotly_chart")) == 1
    assert page.query_params["sigma"] == "0.1"
    assert found.told in said(opened("smoothing"))


@pytest.mark.parametrize(
    ("which", "query", "words"),
    [
        ("reliability", {"count": "2"}, 'count is "2"; it takes a whole number from 20 to 5000'),
        ("smoothing", {"sigma": "much"}, 'sigma is "much"; it takes a number from 0.01 to 2'),
        ("smoothing", {"samples": "1"}, 'samples is "1"; it takes a whole number from 50'),
        (
            "smoothing",
            {"model": "sst2-cnn"},
            '"sst2-cnn" is a text classifier, no picture classifier',
        ),
    ],
)
def test_a_bad_address_is_told(which: str, query: dict[str, str], words: str) -> None:
    assert words in said(opened(which, **query))


def test_bad_data_is_one_sentence() -> None:
    page = opened("reliability", data="/no[where](x)")
    page = pressed(page, "Measure calibration", "calibration")
    assert len(page.error) == 1
    assert "is not there" in page.error[0].value and "\\[where\\]" in page.error[0].value
