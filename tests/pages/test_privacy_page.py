"""The page Privacy: the answer, one record, shadow models, inversion; and what cannot be asked."""

import time

from streamlit.testing.v1 import AppTest

from tests.pages.apps import said
from tests.pages.test_pages import ROOT

PAGE = str(ROOT / "pages/secure/4_privacy.py")


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=120)
    page.query_params.update(query)
    page.run()
    assert not page.exception
    return page


def finished(page: AppTest, slot: str = "privacy") -> AppTest:
    stop = time.monotonic() + 120
    while page.session_state[slot].active:
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.05)
    page.run()
    assert not page.exception
    return page


def test_the_answer_stands_first_and_a_record_can_be_looked_at() -> None:
    page = finished(opened())
    report = page.session_state["privacy"].job.result
    assert page.query_params["model"] == "digits-cnn"
    assert report.told in said(page)
    worst = report.record(True, int(report.members.argmax()))
    assert worst.told in said(page)
    (slider,) = [one for one in page.slider if one.label.startswith("Which")]
    slider.set_value(report.count)
    page.run()
    assert not page.exception
    assert report.record(True, int(report.members.argmin())).told.split(" have a loss")[0] in said(
        page
    )
    table = page.dataframe[0].value
    assert list(table["Training"]) == [
        "this model", "without noise", "epsilon 8", "epsilon 3", "epsilon 1",
    ]  # fmt: skip


def test_what_privacy_costs_comes_along() -> None:
    page = opened(model="cifar10-cnn")
    assert "accuracy falls from" in said(page)
    assert "privacy-cost --epsilons 1,3,8,none" in said(page)


def test_the_pictures_of_the_model_itself() -> None:
    page = finished(opened())
    page.button(key="privacy-invert").click().run()
    page = finished(page, "privacy-inversion")
    result = page.session_state["privacy-inversion"].job.result
    assert result.told in said(page)
    assert "not any single record" in said(page)


def test_models_whose_data_is_not_known_or_not_here_say_what_to_do() -> None:
    page = opened(model="efficientnet-lite0")
    assert "What this model was trained on is not known here" in said(page)
    assert "privacy" not in page.session_state
    assert 'unknown picture classifier "nothing"' in said(opened(model="nothing"))
    assert 'shadows is "99"' in said(opened(shadows="99"))
