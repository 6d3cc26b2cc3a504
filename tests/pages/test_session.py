"""A session's end: its work stops, its pictures are forgotten; how many pictures it may have."""

import gc
import time
import weakref
from collections.abc import Iterator

import pytest
from PIL import Image
from streamlit.runtime.caching import clear_session_resource_cache
from streamlit.testing.v1 import AppTest

from dlexplain.data.pictures import Picture, read_picture
from dlexplain.errors import Cancelled
from dlexplain.explainers.progress import Progress
from dlexplain.services.jobs import Job
from dlexplain.settings import settings
from dlexplain.ui import session, uploads
from dlexplain.ui.session import HELD, Held
from tests.bad_pictures import encoded, noise, repeated_scan
from tests.pages.test_pages import image_page

SESSION = "test session id"  # AppTest's


def working() -> Job[None]:
    def work(progress: Progress) -> None:
        while not progress.cancelled():
            time.sleep(0.01)
        raise Cancelled("asked to")

    return Job("Work", work)


def eventually(what: object, seconds: float = 20) -> None:
    stop = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < stop
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(session, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(session, "SETTLE_SECONDS", 0.0)
    clear_session_resource_cache(SESSION)
    yield
    clear_session_resource_cache(SESSION)


def page_with_job() -> None:
    import streamlit as st

    from dlexplain.ui.session import here, start
    from tests.pages.test_session import working

    here()
    if "job" not in st.session_state:
        st.session_state["job"] = working()
        start([st.session_state["job"]])


def test_a_job_ends_with_its_session() -> None:
    page = AppTest.from_function(page_with_job).run()
    job = page.session_state["job"]
    eventually(lambda: job.state == "running")
    clear_session_resource_cache(SESSION)  # as Streamlit does when the browser is gone
    eventually(lambda: job.state == "cancelled")


def test_who_comes_back_in_time_finds_it_going_on() -> None:
    page = AppTest.from_function(page_with_job).run()
    job = page.session_state["job"]
    clear_session_resource_cache(SESSION)
    page.run()
    time.sleep(1)
    assert job.state == "running"
    clear_session_resource_cache(SESSION)  # and is noticed when leaving once more
    eventually(lambda: job.state == "cancelled")


def test_a_job_that_has_ended_keeps_nothing_of_its_work() -> None:
    for stopped in (False, True):
        held = Held()
        job: Job[int] = Job("Work", lambda progress, held=held: len(held.pictures))
        known = weakref.ref(held)
        del held
        if stopped:
            job.cancel()
        job.run()
        gc.collect()
        assert known() is None


def upload(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    widget = page.file_uploader(key="uploads")
    widget.set_value([(name, data, "image/png") for name, data in files])
    return page.run()


def errors(page: AppTest) -> list[str]:
    return [element.value.replace("\\", "") for element in page.error]


def test_pictures_are_decoded_once_and_forgotten_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []

    def counted(data: bytes, name: str) -> Picture:
        calls.append(name)
        return read_picture(data, name)

    monkeypatch.setattr(uploads, "read_picture", counted)
    page = image_page(methods="saliency")
    upload(page, ("good.png", encoded(noise(), "PNG")), ("bad.png", b"MZ"))
    page.run()
    assert calls == ["good.png", "bad.png"]  # the bad one is not tried again either
    (problem,) = errors(page)
    assert problem.startswith("bad.png is a Windows program")
    held = page.session_state[HELD]
    assert [type(found).__name__ for found in held.pictures["uploads"].values()] == [
        "Picture", "str",
    ]  # fmt: skip
    held._end(held.visits)
    assert held.pictures == {}


def test_pictures_are_forgotten_soon_and_read_again_for_who_returns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session, "GRACE_SECONDS", 1e3)
    monkeypatch.setattr(session, "FORGET_SECONDS", 0.2)
    page = upload(image_page(methods="saliency"), ("good.png", encoded(noise(), "PNG")))
    held = page.session_state[HELD]
    assert len(held.pictures["uploads"]) == 1
    clear_session_resource_cache(SESSION)  # as Streamlit does when the browser is gone
    eventually(lambda: not held.pictures)
    page.run()
    assert [type(found).__name__ for found in held.pictures["uploads"].values()] == ["Picture"]
    assert not page.error


def choosing_page() -> None:
    import streamlit as st

    from dlexplain.ui.pictures import _one_of
    from dlexplain.ui.uploads import read_uploads

    files = st.file_uploader("Pictures", accept_multiple_files=True, key="uploads")
    _one_of(read_uploads("uploads", files))


def test_nothing_that_a_session_may_return_to_holds_its_pictures() -> None:
    """Streamlit keeps a session's widgets, and what they were made with, for two minutes after its
    browser is gone: the choice between two pictures once held both, 768 MB of four large ones."""
    page = AppTest.from_function(choosing_page).run()
    upload(page, *((f"{seed}.png", encoded(noise(8 + seed), "PNG")) for seed in range(2)))
    held = page.session_state[HELD]
    pictures = [weakref.ref(one) for one in held.pictures["uploads"].values()]
    assert len(pictures) == 2
    assert len(page.get("button_group")) == 1
    held._forget(held.visits)
    gc.collect()
    assert [one() for one in pictures] == [None, None]


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DLEXPLAIN_MAX_UPLOADS", "2")
    monkeypatch.setenv("DLEXPLAIN_MAX_UPLOADS_MEGAPIXELS", "0.01")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.usefixtures("tight")
def test_what_is_no_picture_takes_no_room() -> None:
    files = [(f"{n}.png", b"MZ") for n in range(3)]
    page = upload(image_page(methods="saliency"), *files, ("a.png", encoded(noise(9, 9), "PNG")))
    assert all("Windows program" in told for told in errors(page))
    held = page.session_state[HELD].pictures["uploads"]
    assert sum(isinstance(one, Picture) for one in held.values()) == 1


@pytest.mark.usefixtures("tight")
def test_count_and_pixels_of_a_session_are_limited_and_what_is_there_stays() -> None:
    small, large = encoded(Image.new("RGB", (50, 50)), "PNG"), encoded(noise(100, 90), "PNG")
    page = upload(image_page(methods="saliency"), ("a.png", small), ("b.png", large),
                  ("c.png", small), ("d.png", small))  # fmt: skip
    assert errors(page) == [
        "b.png is not read: with it the pictures of this tab would have more than 0.01 megapixels "
        "together; remove some, and it will be read",
        "d.png is not read: this tab holds 2 pictures, and 2 are accepted; remove some, and it "
        "will be read",
    ]
    held = page.session_state[HELD]
    assert [found.name for found in held.pictures["uploads"].values()] == ["a.png", "c.png"]
    assert session.pictures_held() >= (2, 2 * 50 * 50 * 3)


@pytest.mark.usefixtures("tight")
def test_what_another_widget_of_the_session_holds_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    class File:
        def __init__(self, name: str) -> None:
            self.name = self.file_id = name

        def getvalue(self) -> bytes:
            return encoded(Image.new("RGB", (50, 50)), "PNG")

    def page() -> None:
        import streamlit as st

        from dlexplain.ui.uploads import read_uploads

        for slot, files in st.session_state["asked"].items():
            st.session_state["found"][slot] = [one.name for one in read_uploads(slot, files)]

    def ask(**asked: list[File]) -> dict[str, list[str]]:
        test.session_state["asked"], test.session_state["found"] = asked, {}
        return test.run().session_state["found"]

    test, a, b, c = AppTest.from_function(page), File("a"), File("b"), File("c")
    assert ask(camera=[a], uploads=[b]) == {"camera": ["a"], "uploads": ["b"]}
    # One more here does not take the place of what was read there before.
    assert ask(camera=[a, c], uploads=[b]) == {"camera": ["a"], "uploads": ["b"]}
    assert len(test.error) == 1
    assert ask(uploads=[], camera=[a, c]) == {"camera": ["a", "c"], "uploads": []}


def test_of_very_many_refused_files_the_first_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_TOLD", 2)
    page = upload(image_page(), *((f"{n}.png", b"MZ") for n in range(5)))
    told = errors(page)
    assert [one.partition(" ")[0] for one in told] == ["0.png", "1.png", "3"]
    assert told[2] == "3 more files are not read."


def test_a_repeated_scan_is_told_on_the_page() -> None:
    page = upload(image_page(), ("again.jpg", repeated_scan(noise(), 400)))
    assert errors(page)[0].startswith("again.jpg is a JPEG of more than 100 scans")
