"""Uploaded pictures, each decoded once a session, and not more of them than memory can take."""

from collections.abc import Sequence
from typing import Protocol

import streamlit as st

from dlexplain.errors import PictureError
from dlexplain.language import tr
from dlexplain.services.pictures.sources import Picture, read_picture
from dlexplain.settings import settings
from dlexplain.ui.markdown import literal
from dlexplain.ui.session import here


class Upload(Protocol):
    """A file of Streamlit's uploader or a shot of its camera."""

    @property
    def file_id(self) -> str: ...

    @property
    def name(self) -> str: ...

    def getvalue(self) -> bytes: ...


def read_uploads(slot: str, files: Sequence[Upload]) -> list[Picture]:
    """Those that can be read; of each other the visitor is told why.

    slot  the widget; what it no longer has is forgotten
    """
    before = here().pictures.get(slot, {})
    most, limit = settings().max_uploads, settings().max_uploads_megapixels * 1e6
    known: dict[str, Picture | str] = {}
    used = 0.0
    for file in files[:most]:
        found = before.get(file.file_id)
        if found is None:
            found = _read(file) if used < limit else _no_room(file.name)
        if isinstance(found, Picture):
            size = found.pixels.shape[0] * found.pixels.shape[1]
            if used + size > limit:
                found = _no_room(file.name)
            else:
                used += size
        known[file.file_id] = found
    here().pictures[slot] = known
    for problem in [found for found in known.values() if isinstance(found, str)]:
        st.error(literal(tr(problem)), icon=":material/broken_image:")
    if len(files) > most:
        st.error(
            tr(
                f"The first {most:d} of {len(files)} pictures are read; remove some to see the "
                "others."
            ),
            icon=":material/broken_image:",
        )
    return [found for found in known.values() if isinstance(found, Picture)]


def _read(file: Upload) -> Picture | str:
    with st.spinner(tr("Reading the picture…")):
        try:
            return read_picture(file.getvalue(), file.name)
        except PictureError as error:
            return str(error)


def _no_room(name: str) -> str:
    return (
        f"{name} is not read: with it the pictures here would have more than"
        f" {settings().max_uploads_megapixels:g} megapixels together; remove some, then add it"
        " again"
    )
