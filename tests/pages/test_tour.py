"""The guided tour: offered, walked through, left, and not offered again."""

from streamlit.testing.v1 import AppTest

from dlexplain.services.gallery import examples
from dlexplain.ui.pages import PAGES
from dlexplain.ui.tour import STOPS
from tests.pages.test_pages import ROOT


def home() -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not page.exception
    return page


def keys(page: AppTest) -> set[str]:
    return {button.key for button in page.button}


def test_it_is_walked_through_to_its_end() -> None:
    page = home().button(key="tour").click().run()
    for step, stop in enumerate(STOPS):
        assert stop.title in [one.value for one in page.subheader]
        if step < len(STOPS) - 1:
            page = page.button(key=f"tour-next-{step}").click().run()
    page = page.button(key=f"tour-back-{len(STOPS) - 1}").click().run()
    page = page.button(key=f"tour-end-{len(STOPS) - 2}").click().run()
    assert not page.exception
    assert not {"tour", "tour-no"} & keys(page) and "tour-again" in keys(page)


def test_it_can_be_declined_and_taken_later() -> None:
    page = home().button(key="tour-no").click().run()
    assert "tour" not in keys(page)
    page = page.button(key="tour-again").click().run()
    assert "tour-next-0" in keys(page)


def test_each_step_leads_to_something() -> None:
    shown = {one.kind for one in examples()}
    for stop in STOPS:
        assert stop.shows in shown or (PAGES / f"{stop.page}.py").exists()
