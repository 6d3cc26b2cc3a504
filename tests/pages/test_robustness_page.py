"""The page Robustness: it says what to do, computes in the background, goes on, compares."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import dlexplain.services.attack.robustness as service
import dlexplain.services.attack.robustness_shipped as shipping
from dlexplain.errors import Cancelled
from dlexplain.execution import paths
from dlexplain.results import Robustness
from dlexplain.results.robustness import Flag
from dlexplain.results.robustness_words import verdict
from tests.pages.apps import said
from tests.pages.test_pages import ROOT

PAGE = str(ROOT / "pages/secure/2_robustness.py")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of other tests are not there, nor those that come along."""
    for module in (paths, service):
        monkeypatch.setattr(module, "robustness_folder", lambda home: tmp_path / "robustness")
    monkeypatch.setattr(shipping, "_zoo_file", lambda model: tmp_path / f"{model}.json")


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    page.query_params.update({"model": "digits-cnn", **query})
    page.run()
    assert not page.exception
    return page


def finished(page: AppTest) -> AppTest:
    stop = time.monotonic() + 60
    while page.session_state["robustness"].active:
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.05)
    page.run()
    assert not page.exception
    return page


def pressed(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    return finished(page)


def asked_for(page: AppTest) -> AppTest:
    """Little of it."""
    page.multiselect(key="robustness-attacks").set_value(["fgsm"])
    page.text_input(key="robustness-budgets").set_value("8, 32")
    page.multiselect(key="robustness-corruptions").set_value(["fog", "jpeg"])
    page.multiselect(key="robustness-severities").set_value([2]).run()
    return page


def made(model: str, **other: Any) -> Robustness:
    found = service.robustness(
        model, attacks=["fgsm"], budgets=[8 / 255], corruptions=["fog"], severities=[1], count=5
    )
    return replace(found, **other)


def test_an_empty_page_says_what_to_do() -> None:
    page = opened()
    assert "There is no result for this model yet. Open **Compute a result** below" in said(page)
    assert not page.button
    page = opened(data="")
    assert [button.label for button in page.button] == ["Compute"]
    assert page.number_input(key="robustness-count").value == 100
    assert page.text_input(key="robustness-budgets").value == "1, 2, 4, 8"
    assert len(page.multiselect(key="robustness-corruptions").value) == 15


def test_a_result_is_computed_and_shown() -> None:
    page = pressed(asked_for(opened(count="6")), "Compute")
    found = page.session_state["robustness"].job.result
    assert (found.done, found.budgets) == (6, (8 / 255, 32 / 255))
    assert verdict(found) in said(page)
    frame = page.dataframe[0].value
    assert list(frame) == ["Attack", "As they are", "8/255 in L∞", "32/255 in L∞", "Any change"]
    assert frame["8/255 in L∞"][0] == str(found.attacks[0].accuracy[0])
    corruptions = page.dataframe[1].value
    assert list(corruptions["Corruption"]) == ["Fog", "JPEG"]
    assert len(page.get("plotly_chart")) == 2
    assert page.query_params["count"] == "6"
    assert verdict(found) in said(opened())  # another session sees it at once


def test_what_was_left_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    add, done = service._Job._add, []

    def dying(self: Any, *given: Any) -> None:
        if len(done) >= 2:
            raise Cancelled("stopped")
        done.append(given)
        add(self, *given)

    asked: dict[str, Any] = {"corruptions": ["fog"], "severities": [1, 2]}
    with monkeypatch.context() as patched:
        patched.setattr(service._Job, "_add", dying)
        with pytest.raises(Cancelled):
            service.robustness("digits-cnn", attacks=["fgsm"], budgets=[8 / 255], count=12, **asked)
    page = opened()
    assert (
        "Stopped at 20 of 48 answers: 12 pictures, fgsm up to 8/255 in L∞, 1 corruptions"
        in said(page)
    )
    page = pressed(page, "Go on with it")
    assert page.session_state["robustness"].job.result.done == 12
    assert "Stopped at" not in said(opened())


def test_two_models_and_flags_are_shown() -> None:
    flag = Flag("masked", "Square fools more than PGD.")
    shipping.ship(made("digits-cnn", flags=(flag,)))
    second = made("mnist-cnn")
    page = opened(beside="mnist-cnn")
    assert "There is no result for mnist-cnn yet" not in said(page)  # it was made here
    assert verdict(second) in said(page)
    assert list(page.dataframe[0].value["Model"]) == ["digits-cnn", "mnist-cnn"]
    page = opened(result="shipped")
    assert "Square fools more than PGD." in page.warning[0].value
    assert "There is no result for cifar10-cnn yet" in said(opened(beside="cifar10-cnn"))


def test_the_models_card_has_it() -> None:
    found = made("digits-cnn")
    shipping.ship(found)
    page = AppTest.from_file(str(ROOT / "pages/train/2_runs.py"), default_timeout=60)
    page.query_params["zoo"] = "digits-cnn"
    page.run()
    assert not page.exception
    frame = next(f.value for f in page.dataframe if "Pictures" in f.value)
    assert list(frame["Pictures"]) == ["as they are", "FGSM, 8/255 in L∞", "corrupted, mean"]
    assert frame["Accuracy, 95% interval"][0] == str(found.clean)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"count": "2"}, 'count is "2"; it takes a whole number from 3 to 10000'),
        ({"model": "nobody"}, 'unknown picture classifier "nobody"'),
        ({"beside": "sst2-cnn"}, "sst2-cnn"),
    ],
)
def test_a_bad_address_is_told(query: dict[str, str], words: str) -> None:
    assert words in opened(**query).warning[0].value.replace("\\", "")


def test_a_bad_address_is_told_over_the_fields_and_not_in_their_columns() -> None:
    page = opened(beside="sst2-cnn")
    assert len(page.warning) == 1
    assert not any(column.warning for column in page.columns)


def test_bad_budgets_and_bad_data_are_one_sentence() -> None:
    page = opened(count="3")
    page.text_input(key="robustness-budgets").set_value("8, many").run()
    assert 'the budgets are "8, many"; numbers above 0' in page.error[0].value.replace("\\", "")
    assert page.button[0].disabled
    assert page.query_params["count"] == "3"
    page.text_input(key="robustness-budgets").set_value("8").run()
    assert not page.error
    assert not page.button[0].disabled  # still open
    page = pressed(opened(data="/no[where](x)", count="3"), "Compute")
    assert "is not there" in page.error[0].value
    assert len(page.error) == 1
