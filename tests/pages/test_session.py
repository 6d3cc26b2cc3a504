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
    kinds = sorted(type(found).__name__ for found in held.pictures["uploads"].values())
    assert kinds == ["Picture", "str"]
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
def test_count_of_a_session_is_limited_and_what_has_too_many_pixels_is_told() -> None:
    small, large = encoded(Image.new("RGB", (50, 50)), "PNG"), encoded(noise(110, 100), "PNG")
    page = upload(image_page(methods="saliency"), ("a.png", small), ("b.png", large),
                  ("c.png", small))  # fmt: skip
    assert errors(page) == [
        "c.png is not read: a tab may have 2 pictures; remove some, and it will be read"
    ]
    page.session_state["which"] = 1  # as a click does
    page.run()
    assert errors(page)[1:] == [
        "b.png is not read: it has more than the 0.01 megapixels that the pictures of a tab may "
        "have together; a smaller one is accepted"
    ]
    page.run()  # so it takes no room, and c.png has some
    held = page.session_state[HELD]
    assert [type(one).__name__ for one in held.pictures["uploads"].values()] == [
        "Picture", "str", "Picture",
    ]  # fmt: skip


class File:
    def __init__(self, name: str, width: int = 50) -> None:
        self.name = self.file_id = name
        self.width = width

    def getvalue(self) -> bytes:
        return encoded(Image.new("RGB", (self.width, 100)), "PNG")


def looking_page() -> None:
    import streamlit as st

    from dlexplain.ui.uploads import read_uploads

    for slot, (files, looked_at) in st.session_state["asked"].items():
        offered = read_uploads(slot, files)
        st.session_state["offered"][slot] = [one.name for one in offered]
        for one in offered:
            if one.name in looked_at:
                assert one.picture().name == one.name


@pytest.mark.usefixtures("tight")
def test_what_was_looked_at_longest_ago_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tab holds 10,000 pixels decoded here, which two of these have."""
    read: list[str] = []

    def counted(data: bytes, name: str) -> Picture:
        read.append(name)
        return read_picture(data, name)

    monkeypatch.setattr(uploads, "read_picture", counted)

    def ask(**asked: tuple[list[File], str]) -> dict[str, list[str]]:
        read.clear()
        test.session_state["asked"], test.session_state["offered"] = asked, {}
        return test.run().session_state["offered"]

    test, a, b, c = AppTest.from_function(looking_page), File("a"), File("b"), File("c")

    def held() -> list[tuple[str, list[str]]]:
        return [(slot, list(found)) for slot, found in test.session_state[HELD].pictures.items()]

    assert ask(uploads=([a, b], "a")) == {"uploads": ["a", "b"]}
    assert read == ["a", "b"]  # there is room
    ask(camera=([c], "c"), uploads=([a, b], "a"))
    assert (read, held()) == (["c"], [("uploads", ["a"]), ("camera", ["c"])])
    ask(camera=([], ""), uploads=([a, b], "b"))
    assert (read, held()) == (["b"], [("uploads", ["a", "b"]), ("camera", [])])
    assert not test.exception


def test_what_is_large_is_read_when_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "AT_ONCE_MEGAPIXELS", 0.012)
    test = AppTest.from_function(looking_page)
    files = [File("a"), File("b", 120), File("c")]
    test.session_state["asked"], test.session_state["offered"] = {"uploads": (files, "")}, {}
    test.run()
    assert test.session_state["offered"] == {"uploads": ["a", "b", "c"]}
    assert list(test.session_state[HELD].pictures["uploads"]) == ["a", "c"]
    test.session_state["asked"] = {"uploads": (files, "b")}
    assert not test.run().exception
    assert list(test.session_state[HELD].pictures["uploads"]) == ["a", "c", "b"]


def test_of_very_many_refused_files_the_first_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_TOLD", 2)
    page = upload(image_page(), *((f"{n}.png", b"MZ") for n in range(5)))
    told = errors(page)
    assert [one.partition(" ")[0] for one in told] == ["0.png", "1.png", "3"]
    assert told[2] == "3 more files are not read."


def test_a_repeated_scan_is_told_on_the_page() -> None:
    page = upload(image_page(), ("again.jpg", repeated_scan(noise(), 400)))
    assert errors(page)[0].startswith("again.jpg is a JPEG of more than 100 scans")
