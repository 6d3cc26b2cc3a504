"""The page Compare models: it says what to do, computes in the background, goes on, compares."""

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import dlexplain.services.comparing.comparing as service
import dlexplain.services.comparing.shipped as shipping
from dlexplain.errors import Cancelled
from dlexplain.execution import paths
from dlexplain.results.model_comparison_words import verdict
from tests.pages.apps import said
from tests.pages.test_pages import ROOT
from tests.trained import digits_run

PAGE = str(ROOT / "pages/explain/11_compare_models.py")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of other tests are not there, nor those that come along."""
    for module in (paths, service):
        monkeypatch.setattr(module, "comparisons_folder", lambda home: tmp_path / "comparisons")
    monkeypatch.setattr(shipping, "_folder", lambda: tmp_path / "shipped")


@pytest.fixture
def run() -> str:
    return digits_run()


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    page.query_params.update(query)
    page.run()
    assert not page.exception
    return page


def pressed(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    stop = time.monotonic() + 60
    while page.session_state["compare-models"].active:
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.05)
    page.run()
    assert not page.exception
    return page


def test_an_empty_page_says_what_to_do(run: str) -> None:
    page = opened(a="digits-cnn")
    assert "Choose a second model to hold digits-cnn against" in said(page)
    assert page.query_params["a"] == "digits-cnn"
    page = opened(a="digits-cnn", b=run)
    assert "There is no comparison of these two yet. Open **Compare them** below" in said(page)
    assert not page.button
    page = opened(a="digits-cnn", b=run, data="")
    assert [button.label for button in page.button] == ["Compare"]
    assert page.number_input(key="compare-models-count").value == 100


def test_two_models_are_compared_and_shown(run: str) -> None:
    page = opened(a="digits-cnn", b=run, count="6", control=digits_run(seed=1, epochs=2))
    page = pressed(page, "Compare")
    found = page.session_state["compare-models"].job.result
    assert (found.done, found.other, found.control_kind) == (6, run, "model")
    assert verdict(found) in said(page)
    numbers = page.table[1].value
    assert next(iter(numbers[""])) == "Rank correlation of the maps"
    assert list(page.table[0].value["n"]) == [str(one.count) for one in found.changes]
    assert len(page.get("plotly_chart")) == 2
    tiles = [one.proto.body for one in page.get("html") if "<img" in one.proto.body]
    assert sum(tile.count("<img") for tile in tiles) == 4 * len(found.lost_most)  # and three maps
    assert page.query_params["b"] == run
    assert verdict(found) in said(opened(a="digits-cnn", b=run))  # another session, at once


def test_what_was_left_is_gone_on_with(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    add = service._Job._add

    def dying(self: Any, place: int) -> None:
        if place >= 2:
            raise Cancelled("stopped")
        add(self, place)

    with monkeypatch.context() as patched:
        patched.setattr(service._Job, "_add", dying)
        with pytest.raises(Cancelled):
            service.compare_models("digits-cnn", run, method="saliency", count=5)
    page = opened(a="digits-cnn", b=run)
    assert "Stopped at 2 of 5 pictures: 5 pictures, by saliency" in said(page)
    page = pressed(page, "Go on with it")
    assert page.session_state["compare-models"].job.result.done == 5
    assert "Stopped at" not in said(opened(a="digits-cnn", b=run))


def test_what_comes_along_is_there_at_once() -> None:
    found = service.compare_models("macrodata-lstm", "macrodata-transformer", count=3)
    shipping.ship(found)
    page = opened()
    assert verdict(found) in said(page)
    assert page.selectbox(key="b").value == "macrodata-transformer"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"a": "digits-cnn", "b": "digits-cnn", "count": "2"}, "Choose a second model"),
        ({"a": "digits-cnn", "b": "digits-cnn"}, '"digits-cnn" is chosen already'),
        ({"a": "digits-cnn", "b": "sst2-cnn"}, '"sst2-cnn" is a text classifier, no picture clas'),
        ({"a": "nobody"}, 'unknown picture classifier'),
        ({"a": "digits-cnn", "b": "mnist-cnn", "method": "gradcam"}, 'unknown method "gradcam"'),
        ({"a": "digits-cnn", "b": "mnist-cnn", "count": "2"}, 'count is "2"; it takes'),
    ],
)  # fmt: skip
def test_a_bad_address_is_told(query: dict[str, str], words: str) -> None:
    assert words in said(opened(**query))


def test_other_classes_are_one_sentence() -> None:
    page = pressed(opened(a="digits-cnn", b="cifar10-cnn", count="3"), "Compare")
    assert "digits-cnn and cifar10-cnn have other classes" in page.error[0].value.replace("\\", "")
    assert len(page.error) == 1
