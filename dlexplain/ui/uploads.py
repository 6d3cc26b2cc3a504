"""Uploaded pictures, each decoded once a session, and not more of them than it may hold."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import streamlit as st

from dlexplain.errors import PictureError
from dlexplain.language import tr
from dlexplain.services.pictures.sources import Picture, declared_pixels, read_picture
from dlexplain.settings import settings
from dlexplain.ui.markdown import literal
from dlexplain.ui.session import here

MOST_TOLD = 20
"""Files of which a page says one by one why they are not read."""


class Upload(Protocol):
    """A file of Streamlit's uploader or a shot of its camera."""

    @property
    def file_id(self) -> str: ...

    @property
    def name(self) -> str: ...

    def getvalue(self) -> bytes: ...


def read_uploads(slot: str, files: Sequence[Upload]) -> list[Picture]:
    """Those that can be read; of each other the visitor is told why.

    Of all that a session holds, count and pixels are limited. What has been read stays; what comes
    when there is no room is refused, and read once there is.

    slot  the widget; what it no longer has is forgotten
    """
    held = here().pictures
    before, others = held.get(slot, {}), [held[other] for other in held if other != slot]
    known = {file.file_id: before[file.file_id] for file in files if file.file_id in before}
    fresh = [file for file in files if file.file_id not in known]
    # What has no room is told before the rest is decoded, which takes seconds a picture.
    room = _Room([*others, known])
    problems = {one.file_id: room.lacks(one.name, declared_pixels(one.getvalue())) for one in fresh}
    _tell(list(filter(None, problems.values())))
    room, later = _Room([*others, known]), []
    for file in fresh:
        if problems[file.file_id]:
            continue
        # Of what had not said how large it is, only decoding tells; so does what is no picture.
        problem = room.lacks(file.name)
        found = problem or _read(file)
        if isinstance(found, Picture):
            problem = room.lacks(file.name, _pixels(found))
        if problem:
            later.append(problem)
        else:
            known[file.file_id] = found
    held[slot] = {file.file_id: known[file.file_id] for file in files if file.file_id in known}
    _tell([found for found in held[slot].values() if isinstance(found, str)] + later)
    return [found for found in held[slot].values() if isinstance(found, Picture)]


class _Room:
    """What a session may still hold, beside what it does."""

    def __init__(self, slots: Sequence[Mapping[str, Picture | str | None]]) -> None:
        found = [one for slot in slots for one in slot.values() if isinstance(one, Picture)]
        self._count, self._pixels = len(found), sum(map(_pixels, found))

    def lacks(self, name: str, pixels: int = 0) -> str:
        """Why there is none for a file, a sentence, or "" where it counts from now on.

        pixels  that it has; 0 where that is not known, and then it does not count
        """
        given = settings()
        most, limit = given.max_uploads, given.max_uploads_megapixels * 1e6
        if self._count >= most:
            return (
                f"{name} is not read: this tab holds {self._count:d} pictures, and {most:d} are"
                " accepted; remove some, and it will be read"
            )
        if self._pixels + max(1, pixels) > limit:
            return (
                f"{name} is not read: with it the pictures of this tab would have more than"
                f" {given.max_uploads_megapixels:g} megapixels together; remove some, and it will"
                " be read"
            )
        self._count, self._pixels = self._count + (pixels > 0), self._pixels + pixels
        return ""


def _pixels(picture: Picture) -> int:
    height, width = picture.pixels.shape[:2]
    return int(height * width)


def _tell(problems: Sequence[str]) -> None:
    """Each in a sentence; of very many the first."""
    for problem in problems[:MOST_TOLD]:
        st.error(literal(tr(problem)), icon=":material/broken_image:")
    if len(problems) > MOST_TOLD:
        more = len(problems) - MOST_TOLD
        st.error(tr(f"{more:d} more files are not read."), icon=":material/broken_image:")


def _read(file: Upload) -> Picture | str:
    with st.spinner(tr("Reading the picture…")):
        try:
            return read_picture(file.getvalue(), file.name)
        except PictureError as error:
            return str(error)
