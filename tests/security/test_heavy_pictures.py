"""Two uploads that once held the server up, or its memory: see docs/security.md."""

import weakref
from collections.abc import Iterator

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dlexplain.data import decoding_apart, pictures
from dlexplain.data.pictures import Picture, read_picture
from dlexplain.errors import PictureError
from dlexplain.settings import settings
from dlexplain.ui import session, uploads
from dlexplain.ui.session import HELD
from tests.bad_pictures import encoded, repeated_scan


def test_a_scan_repeated_400_times_is_refused_without_decoding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """289 kB that took 40 s."""

    def refuse(*args: object) -> None:
        raise AssertionError("it was decoded")

    bomb = repeated_scan(Image.new("RGB", (8000, 8000), "red"), 400)
    monkeypatch.setattr(pictures, "decode_apart", refuse)
    monkeypatch.setattr(pictures, "decode", refuse)
    with pytest.raises(PictureError, match="bomb.jpg is a JPEG of more than 100 scans"):
        read_picture(bomb, "bomb.jpg")
    assert decoding_apart.decoding() == {"waiting": 0, "running": 0}


class File:
    def __init__(self, name: str, data: bytes) -> None:
        self.name = self.file_id = name
        self._data = data

    def getvalue(self) -> bytes:
        return self._data


@pytest.fixture
def room_for_one(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DLEXPLAIN_MAX_UPLOADS_MEGAPIXELS", "64")
    monkeypatch.setattr(session, "SETTLE_SECONDS", 0.0)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def page() -> None:
    import streamlit as st

    from dlexplain.ui.uploads import read_uploads

    offered = read_uploads("uploads", st.session_state["files"])
    st.session_state["shown"] = offered[st.session_state["place"]].picture().name
    st.session_state["offered"] = len(offered)


@pytest.mark.usefixtures("room_for_one")
def test_of_six_pictures_of_64_megapixels_the_one_to_look_at_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """5 MB together, which took 3.5 GB and kept it after the tab was closed. Here a tab may hold
    one of them; it is 192 MB. benchmarks/heavy_uploads.py looks at the memory of a server."""
    decoded: list[str] = []

    def counted(data: bytes, name: str) -> Picture:
        decoded.append(name)
        return read_picture(data, name)

    monkeypatch.setattr(uploads, "read_picture", counted)
    data = encoded(Image.new("L", (8000, 8000)), "PNG")
    test = AppTest.from_function(page, default_timeout=60)
    test.session_state["files"] = [File(f"{n}.png", data) for n in range(6)]
    for place, shown in enumerate(("0.png", "1.png")):
        test.session_state["place"] = place
        test.run()
        assert not test.exception
        assert (test.session_state["offered"], test.session_state["shown"]) == (6, shown)
        assert session.pictures_held() == (1, 3 * 8000 * 8000)
    test.run()
    assert decoded == ["0.png", "1.png"]
    held = test.session_state[HELD]
    pixels = weakref.ref(held.pictures["uploads"]["1.png"].pixels)
    held._end(held.visits)
    assert session.pictures_held() == (0, 0)
    assert pixels() is None
