"""What a page says of work that waits for other people's, and whose a session is."""

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

from dlexplain.people import Person, ask_who
from dlexplain.services.jobs import Job, JobList, start
from dlexplain.settings import settings
from dlexplain.ui import person
from dlexplain.ui.person import COOKIE, browser


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[JobList]]:
    """A server with room for one job, which somebody has, and one more in line."""
    monkeypatch.setenv("DLEXPLAIN_MAX_JOBS", "1")
    settings.cache_clear()
    go = threading.Event()
    lists = [start([Job("Other work", lambda progress: go.wait(30))], owner) for owner in "ab"]
    yield lists
    go.set()
    assert all(found.ended.wait(10) for found in lists)
    monkeypatch.undo()
    settings.cache_clear()


def page() -> None:
    import streamlit as st

    from dlexplain.ui.jobs import asked, result_of

    found = asked("answer", "question", "Work", lambda progress: 7)
    st.session_state["found"] = found
    result_of(found)


def test_a_page_tells_the_place_in_line_and_waiting_can_be_cancelled(busy: list[JobList]) -> None:
    test = AppTest.from_function(page).run()
    (bar,) = test.get("progress")
    assert bar.proto.text == "Waiting its turn: number 2 in line"
    busy[1].jobs[0].cancel()
    test.run()
    (bar,) = test.get("progress")
    assert bar.proto.text == "Waiting its turn: number 1 in line"
    (cancel,) = [button for button in test.button if button.label == "Cancel"]
    cancel.click().run()
    assert test.session_state["found"].job.state == "cancelled"
    assert [one.value for one in test.run().caption] == ["Cancelled."]


def test_another_sessions_work_is_another_persons(busy: list[JobList]) -> None:
    """Without cookies, as a program asks."""
    first, second = (AppTest.from_function(page).run() for _ in range(2))
    owners = [one.session_state["session-held"].owner for one in (first, second)]
    assert owners[0] != owners[1]
    assert all(owner.startswith("session:") for owner in owners)
    for one in (first, second):
        one.session_state["found"].cancel()


def cookies(monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    known = {} if text is None else {COOKIE: text}
    monkeypatch.setattr(person, "st", SimpleNamespace(context=SimpleNamespace(cookies=known)))


def test_all_tabs_of_a_browser_are_one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit masks the token anew with each answer; it is the same one all the same."""
    token, now = b"0123456789abcdef", int(time.time())
    texts = [generate_xsrf_token_string(token, now) for _ in range(2)]
    assert texts[0] != texts[1]
    found = []
    for text in texts:
        cookies(monkeypatch, text)
        found.append(browser())
    assert found[0] == found[1] != ""
    assert token.hex() not in found[0]
    cookies(monkeypatch, generate_xsrf_token_string(b"another one's 16", now))
    assert browser() not in ("", found[0])


@pytest.mark.parametrize("text", [None, "", "2|no|token|at all", '"'])
def test_who_keeps_no_cookie_has_no_browser(
    text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookies(monkeypatch, text)
    assert browser() == ""


def test_the_cookie_is_the_one_that_streamlit_sets() -> None:
    from streamlit.web.server.starlette.starlette_routes import XSRF_COOKIE_NAME

    assert COOKIE == XSRF_COOKIE_NAME
    assert browser() == "" and dict(st.context.cookies) == {}  # outside of a session


def visited() -> None:
    from dlexplain.ui.session import here

    here()


def test_who_has_signed_in_is_one_person_in_every_browser() -> None:
    ask_who(lambda: Person("ada@example.org", role="member"))
    try:
        held = AppTest.from_function(visited).run().session_state["session-held"]
    finally:
        ask_who(None)
    assert held.owner == "person:ada@example.org"
