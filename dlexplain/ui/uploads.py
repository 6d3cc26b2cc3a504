"""Uploaded pictures: each decoded once a session, and not more of them than it may hold."""

from collections.abc import Sequence
from dataclasses import dataclass
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
AT_ONCE_MEGAPIXELS = 24.0
"""Pictures that are read as they come have at most so many together: half a second's work. The
others are read when they are looked at, which takes up to two seconds each."""


class Upload(Protocol):
    """A file of Streamlit's uploader or a shot of its camera."""

    @property
    def file_id(self) -> str: ...

    @property
    def name(self) -> str: ...

    def getvalue(self) -> bytes: ...


@dataclass(frozen=True)
class Uploaded:
    """A file that can be read, or was not tried yet.

    slot  the widget that has it
    """

    slot: str
    file: Upload

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def file_id(self) -> str:
        return self.file.file_id

    def picture(self) -> Picture | None:
        """It, read unless the session holds it; None, and the visitor is told, if it cannot be."""
        found = self._found()
        if isinstance(found, Picture):
            return found
        _tell([found])
        return None

    def _found(self) -> Picture | str:
        """It, or why it cannot be read. Of what the session has decoded, what was looked at longest
        ago gives way to it."""
        held = here().pictures.setdefault(self.slot, {})
        found = held.pop(self.file_id, None) or _read(self.file)
        if isinstance(found, Picture):
            room = settings().max_uploads_megapixels - _megapixels(found)
            if room < 0:
                found = (
                    f"{self.name} is not read: it has more than the"
                    f" {settings().max_uploads_megapixels:g} megapixels that the pictures of a tab"
                    " may have together; a smaller one is accepted"
                )
            else:
                _keep_at_most(room)
        held[self.file_id] = found  # the last: looked at last
        return found


def read_uploads(slot: str, files: Sequence[Upload]) -> list[Uploaded]:
    """Those to look at; of each that cannot be read the visitor is told why.

    What is large is read when it is looked at, so it may still turn out to be no picture.

    slot  the widget; what it no longer has is forgotten
    """
    held, limits = here().pictures, settings()
    given = {file.file_id for file in files}
    held[slot] = {name: found for name, found in held.get(slot, {}).items() if name in given}
    readable: list[Uploaded] = []
    problems = []
    room = limits.max_uploads_megapixels - sum(map(_megapixels, _decoded()))
    left = min(AT_ONCE_MEGAPIXELS, room)
    for file in files:
        if len(readable) >= limits.max_uploads:
            problems.append(
                f"{file.name} is not read: a tab may have {limits.max_uploads:d} pictures; remove"
                " some, and it will be read"
            )
            continue
        one = Uploaded(slot, file)
        found = held[slot].get(file.file_id)
        if found is None:
            # Where a file does not say so, only decoding tells how large it is, and what it is.
            size = declared_pixels(file.getvalue()) / 1e6
            if size > limits.max_megapixels:  # is refused without decoding
                found = one._found()
            elif size <= left:
                left, found = left - size, one._found()
        if isinstance(found, str):
            problems.append(found)
        else:
            readable.append(one)
    _tell(problems)
    return readable


def _decoded() -> list[Picture]:
    """All that this session holds."""
    held = [found for slot in here().pictures.values() for found in slot.values()]
    return [found for found in held if isinstance(found, Picture)]


def _keep_at_most(megapixels: float) -> None:
    """Of what each widget of this session holds decoded, what was looked at last, as far as there
    is room."""
    for slot in here().pictures.values():
        for file_id, found in reversed(list(slot.items())):
            if isinstance(found, Picture):
                megapixels -= _megapixels(found)
                if megapixels < 0:
                    del slot[file_id]


def _megapixels(picture: Picture) -> float:
    height, width = picture.pixels.shape[:2]
    return float(height * width / 1e6)


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
