"""Work that goes on when its visitor has left, because they said so."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.runtime.caching import clear_session_resource_cache
from streamlit.testing.v1 import AppTest

from dlexplain.errors import Cancelled
from dlexplain.explainers.progress import Progress
from dlexplain.services.jobs import Job
from dlexplain.ui import background, session
from tests.pages.test_session import SESSION, eventually

ROOT = Path(__file__).parents[2]
GATE = threading.Event()
BUTTON = "Go on without me"


def work(progress: Progress) -> str:
    progress.plan(10)
    progress.advance(1)
    while not GATE.is_set():
        if progress.cancelled():
            raise Cancelled("asked to")
        time.sleep(0.01)
    return "the answer"


def page_that_asks() -> None:
    import streamlit as st

    from dlexplain.ui.jobs import asked, result_of
    from dlexplain.ui.session import here
    from tests.pages.test_background import work

    here()
    question = st.text_input("Question", "why", key="question")
    found = result_of(asked("slot", question, "RISE", work))
    if found:
        st.write(found)


@pytest.fixture(autouse=True)
def visitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of a browser with cookies, whose sessions end soon after it has gone."""
    monkeypatch.setattr(session, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(session, "SETTLE_SECONDS", 0.0)
    comes_as(monkeypatch, "browser:one")
    clear_session_resource_cache(SESSION)
    background._all().clear()
    GATE.clear()
    yield
    GATE.set()
    for kept in background._all().values():
        for one in kept:
            one.asked.cancel()
    background._all().clear()
    clear_session_resource_cache(SESSION)


def comes_as(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(session, "browser", lambda: name)


def opened() -> AppTest:
    return AppTest.from_function(page_that_asks).run()


def the_job(page: AppTest) -> Job[str]:
    (job,) = page.session_state["slot"].jobs
    return job


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def leave() -> None:
    """As Streamlit does when the browser is gone; then the time until the session's end."""
    clear_session_resource_cache(SESSION)
    time.sleep(1)


def test_what_is_kept_goes_on_and_whoever_returns_gets_the_answer() -> None:
    page = press(opened(), BUTTON)
    job = the_job(page)
    assert BUTTON not in [button.label for button in page.button]
    leave()
    assert job.state == "running"
    GATE.set()
    eventually(lambda: job.state == "done")
    again = opened()  # in another session
    assert the_job(again) is job
    assert [element.value for element in again.markdown] == ["the answer"]


def test_what_is_not_kept_ends() -> None:
    job = the_job(opened())
    leave()
    eventually(lambda: job.state == "cancelled")


def test_another_question_leaves_it_at_work() -> None:
    page = press(opened(), BUTTON)
    job = the_job(page)
    page.text_input(key="question").set_value("what else").run()
    assert the_job(page) is not job
    assert job.state == "running"
    page.text_input(key="question").set_value("why").run()
    assert the_job(page) is job


def at_home() -> AppTest:
    home = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not home.exception
    return home


def test_home_lists_it_and_forgets_it() -> None:
    job = the_job(press(opened(), BUTTON))
    (one,) = background._all()["browser:one"]
    eventually(lambda: job.snapshot.planned)
    assert one.name == "RISE: Home"
    assert one.told.startswith("1 of 10 evaluations")
    GATE.set()
    eventually(lambda: job.state == "done")
    home = at_home()
    assert "In the background" in [element.value for element in home.subheader]
    assert "finished" in [element.value for element in home.caption]
    home = press(home, "Forget")
    assert "In the background" not in [element.value for element in home.subheader]
    assert not any(background._all().values())


def page_that_forgets() -> None:
    from dlexplain.ui.background import forget, kept

    for one in list(kept()):
        forget(one)


def test_forgetting_ends_what_is_at_work() -> None:
    job = the_job(press(opened(), BUTTON))
    AppTest.from_function(page_that_forgets).run()
    eventually(lambda: job.state == "cancelled")
    assert not any(background._all().values())


def test_nobody_else_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    job = the_job(press(opened(), BUTTON))
    comes_as(monkeypatch, "browser:another")
    assert the_job(opened()) is not job
    assert "In the background" not in [element.value for element in at_home().subheader]


def test_without_cookies_it_could_not_be_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    comes_as(monkeypatch, "")
    assert [button.label for button in opened().button] == ["Cancel"]


def test_all_persons_keep_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that have ended make room for others; those at work stay."""
    monkeypatch.setattr(background, "MOST_IN_ALL", 1)
    job = the_job(press(opened(), BUTTON))
    comes_as(monkeypatch, "browser:another")
    assert [button.label for button in opened().button] == ["Cancel"]
    GATE.set()
    eventually(lambda: job.state == "done")
    GATE.clear()
    comes_as(monkeypatch, "browser:third")
    assert BUTTON in [button.label for button in opened().button]
    assert not any(background._all().values())


def test_one_person_keeps_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "MOST", 1)
    page = press(opened(), BUTTON)
    page.text_input(key="question").set_value("what else").run()
    assert [button.label for button in page.button] == ["Cancel"]
