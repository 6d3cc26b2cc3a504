"""Choosing the pictures: a ZIP that is uploaded, or a folder on the server. No torch here."""

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import shown_by, tr
from dlexplain.services.pictures.sources import FORMATS_IN_WORDS, PictureFiles, find_pictures
from dlexplain.settings import settings
from dlexplain.ui.markdown import literal

ZIP, FOLDER = "zip", "folder"
WAYS = {ZIP: ":material/folder_zip: ZIP", FOLDER: ":material/folder: Folder on the server"}
SOURCE, KEPT = "many-source", "many-source-kept"
UPLOAD, PATH, LISTED = "many-upload", "many-path", "many-listed"


def arrived() -> bool:
    """Whether the page has just been opened: its source of pictures is not remembered."""
    return SOURCE not in st.session_state


def choose_files() -> PictureFiles | None:
    """What there is to explain, if it can be read; else says why, or what to do."""
    way = st.segmented_control(
        tr("Pictures from"),
        list(WAYS),
        default=st.session_state.get(KEPT, ZIP),
        format_func=shown_by(WAYS.__getitem__),
        key=SOURCE,
        required=True,
        label_visibility="collapsed",
    )
    st.session_state[KEPT] = way
    try:
        return _folder() if way == FOLDER else _upload()
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return None


def _upload() -> PictureFiles | None:
    """The ZIP's files, listed once."""
    file = st.file_uploader(
        tr("Drop a ZIP of pictures"),
        type=["zip"],
        key=UPLOAD,
        max_upload_size=settings().max_zip_mb,
        help=tr(
            f"{FORMATS_IN_WORDS}, up to {settings().max_folder_pictures:,d}; folders inside that "
            "are named after classes say what is right. The ZIP is kept in memory only; answers, "
            "maps "
            "and what the model saw are kept on the server's disk, so that they can be gone on "
            "with."
        ),
    )
    if file is None:
        st.session_state.pop(LISTED, None)
        return None
    known: tuple[str, PictureFiles] | None = st.session_state.get(LISTED)
    if known is None or known[0] != file.file_id:
        known = (file.file_id, find_pictures(file.getvalue(), file.name))
        st.session_state[LISTED] = known
    return known[1]


def _folder() -> PictureFiles | None:
    path = st.text_input(
        tr("Folder or ZIP on the server"),
        key=PATH,
        persist_state="session",
        placeholder=tr("/path/to/pictures"),
        help=tr(
            "Pictures in folders below count too; folders that are named after classes say what "
            "is right."
        ),
    )
    return find_pictures(path.strip()) if path.strip() else None
