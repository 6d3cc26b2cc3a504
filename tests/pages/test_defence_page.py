"""The page Defence: the answer, its settings, and addresses of nonsense."""

import time

from streamlit.testing.v1 import AppTest

from tests.pages.apps import said
from tests.pages.test_pages import ROOT

PAGE = str(ROOT / "pages/secure/6_defence.py")


def finished(page: AppTest) -> AppTest:
    stop = time.monotonic() + 90
    while page.session_state["defence"].active:
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.05)
    page.run()
    assert not page.exception
    return page


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=90)
    page.query_params.update({"model": "digits-cnn", **query})
    page.run()
    assert not page.exception
    return page


def test_it_answers_at_once_and_again_for_another_defence() -> None:
    page = opened()
    assert "how many when the attacker knows of it" in said(page)
    page.button[0].click().run()
    page = finished(page)
    result = page.session_state["defence"].job.result
    assert result.defence == "jpeg" and result.n == 50
    assert result.told in said(page).replace("\\", "")
    page.selectbox(key="defence-name").select("bit-depth").run()
    page = finished(page)
    assert page.session_state["defence"].job.result.defence == "bit-depth"
    assert page.query_params["defence"] == "bit-depth"


def test_an_address_of_nonsense_is_told() -> None:
    assert 'unknown defence "jpg"' in said(opened(defence="jpg")).replace("\\", "")


def test_data_that_are_not_there_are_told() -> None:
    page = finished(opened(defence="jpeg"))
    page.text_input(key="defence-data").set_value("/nowhere/at/all").run()
    page = finished(page)
    assert "/nowhere/at/all" in said(page).replace("\\", "")


def test_it_opens_with_what_came_along() -> None:
    page = AppTest.from_file(PAGE, default_timeout=90).run()
    assert not page.exception
    assert "Behind JPEG, 60%" in said(page)
    assert page.button[-1].label == "Measure it with other settings"
    assert "defence" not in page.session_state
