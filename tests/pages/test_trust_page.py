"""The page Trust: it says what to do, computes in the background, goes on, and tells bad input."""

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import dlexplain.services.quality.shipped as shipping
import dlexplain.services.quality.trust as service
from dlexplain.errors import Cancelled
from dlexplain.execution import paths
from dlexplain.explainers.progress import Progress
from dlexplain.results.trust_words import verdict
from dlexplain.ui.methods import MARK
from tests.pages.apps import said
from tests.pages.test_pages import ROOT
from tests.trust_tables import table

PAGE = str(ROOT / "pages/explain/9_trust.py")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of other tests are not there, nor those that come along."""
    for module in (paths, service):
        monkeypatch.setattr(module, "trust_folder", lambda home: tmp_path / "trust")
    monkeypatch.setattr(shipping, "_zoo_file", lambda model: tmp_path / f"{model}.json")


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    page.query_params.update({"model": "digits-cnn", **query})
    page.run()
    assert not page.exception
    return page


def finished(page: AppTest) -> AppTest:
    stop = time.monotonic() + 60
    while page.session_state["trust"].active:
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.05)
    page.run()
    assert not page.exception
    return page


def pressed(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    return finished(page)


def test_an_empty_page_says_what_to_do() -> None:
    page = opened()
    assert "There is no table for this model yet. Open **Compute a table** below" in said(page)
    assert page.expander[0].label == "Compute a table" and not page.button
    for model, count in (("digits-cnn", 100), ("sst2-cnn", 200), ("macrodata-lstm", 50)):
        page = opened(model=model, data="")
        assert [button.label for button in page.button] == ["Compute"]
        assert page.number_input(key="trust-count").value == count


def test_a_table_is_computed_and_shown_with_its_recommendation() -> None:
    page = opened(methods="saliency,lrp,grad-cam", metrics="deletion", count="6")
    page = pressed(page, "Compute")
    found = page.session_state["trust"].job.result
    assert found.done == 6 and [m.name for m in found.metrics] == ["deletion"]
    assert verdict(found) in said(page).replace("\\", "")
    frame = page.dataframe[0].value
    assert list(frame) == ["Method", "Mean rank", "Deletion", "Seconds a map", "Evaluations"]
    assert list(frame["Method"]) == [m.title for m in found.ranked]
    assert list(frame["Mean rank"]) == sorted(frame["Mean rank"])
    cell = found.cell(found.ranked[0].name, "deletion")
    assert frame["Deletion"][0].startswith(f"{cell.mean:.3f} [")
    assert len(page.get("plotly_chart")) == 3
    assert page.query_params["methods"] == "saliency,lrp,grad-cam"
    assert page.query_params["count"] == "6"
    # Another session sees it at once.
    assert verdict(found) in said(opened()).replace("\\", "")


def test_a_job_that_was_cancelled_shows_what_it_has_and_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged, maps = service._Job._judged, []

    def slow(self: Any, *asked: Any) -> Any:
        if len(maps) >= 9:
            page.session_state["trust"].job.cancel()
        maps.append(asked)
        return judged(self, *asked)

    page = opened(methods="saliency,lrp", metrics="deletion", count="6")
    with monkeypatch.context() as patched:
        patched.setattr(service._Job, "_judged", slow)
        page = pressed(page, "Compute")
    assert page.session_state["trust"].job.state == "cancelled"
    assert "Cancelled." in said(page) and "Of 6 pictures so far 4 are judged" in said(page)
    page = pressed(page, "Go on")
    assert page.session_state["trust"].job.result.done == 6
    assert "so far" not in said(page)


def test_what_an_earlier_session_left_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    judged, maps = service._Job._judged, []

    def dying(self: Any, *asked: Any) -> Any:
        if len(maps) >= 5:
            raise Cancelled("the explanation was cancelled")
        maps.append(asked)
        return judged(self, *asked)

    with monkeypatch.context() as patched:
        patched.setattr(service._Job, "_judged", dying)
        with pytest.raises(Cancelled):
            service.trust("digits-cnn", methods=["saliency", "lrp"], metrics=["deletion"], count=6)
    page = opened()
    assert "Stopped at 5 of 12 maps: 6 pictures by saliency, lrp" in said(page)
    page = pressed(page, "Go on with it")
    assert page.session_state["trust"].job.result.done == 6
    assert "Stopped at" not in said(opened())


def test_several_tables_can_be_chosen_and_the_address_keeps_which() -> None:
    shipping.ship(table({"lrp": 0.9, "grad-cam": 0, "guided-backprop": 0, "rise": 0}))
    page = opened()
    assert "Grad-Cam is recommended" in said(page)
    assert "Not to be believed on this model, whatever their rank: Lrp" in page.warning[0].value
    assert page.dataframe[0].value["Method"][0] == "Lrp ✗"
    assert page.query_params["table"] == "shipped"
    page = opened(methods="saliency,lrp", count="3")
    assert "Grad-Cam is recommended" in said(page)
    page = pressed(page, "Compute")
    assert "Grad-Cam is recommended" not in said(page)
    titles = page.selectbox(key="trust-table").options
    assert ["3 pictures, 2 methods (made here)" in titles[0], "(comes along)" in titles[1]] == [
        True, True,
    ]  # fmt: skip
    assert "Grad-Cam is recommended" in said(opened(table="shipped"))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"methods": "gradcm"}, 'unknown method "gradcm"'),
        ({"metrics": "deletoin"}, 'unknown metric "deletoin"'),
        ({"count": "2"}, 'count is "2"; it takes a whole number from 3 to 10000'),
        ({"model": "nobody"}, 'unknown picture classifier, text classifier or forecaster "nobody"'),
    ],
)
def test_a_bad_address_is_told(query: dict[str, str], words: str) -> None:
    page = opened(**query)
    assert words in page.warning[0].value.replace("\\", "")


def test_bad_data_is_one_sentence() -> None:
    page = opened(data="/no[where](x)", count="3")
    page = pressed(page, "Compute")
    assert len(page.error) == 1
    assert "is not there" in page.error[0].value and "\\[where\\]" in page.error[0].value


def test_the_recommended_method_is_marked_in_the_picker() -> None:
    shipping.ship(table())
    page = AppTest.from_file(str(ROOT / "pages/explain/1_image.py"), default_timeout=60)
    page.query_params.update({"model": "digits-cnn", "sample": "coffee"})
    page.run()
    options = page.multiselect(key="methods").options
    assert [option for option in options if MARK in option] == [f"LRP{MARK}"]


def test_progress_is_of_maps() -> None:
    progress = Progress()
    service.trust("digits-cnn", methods=("saliency", "lrp"), count=3, progress=progress)
    assert (progress.done, progress.planned) == (6, 6)
