"""Where a data set lies on the server: asked for where it is not here, and remembered by the
session for every page that shows pictures of it. No torch here."""

import streamlit as st

from dlexplain.language import tr
from dlexplain.services.pictures.sets import missing_data
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.markdown import literal

PATH = "data-path"


def given_path(data: str) -> str:
    """The path that the session was given for the data set of that name; "" without one."""
    return str(st.session_state.get(_key(data)) or "").strip()


def find_own(entry: ModelEntry) -> tuple[str, tuple[str, str] | None]:
    """The path that was given for a picture model's own data, "" where that is not it; and the data
    set's name with why it is not here, None where it is."""
    path = given_path(entry.data)
    with st.spinner(tr("Reading pictures…")):
        missing = missing_data(entry, path)
    return ("" if missing else path), missing


def ask_path(data: str, error: str, without: str) -> None:
    """Say why the data set is not here, and ask for a path.

    error    a sentence without its stop
    without  what is missing until the data set is here
    """
    path = given_path(data)
    with st.expander(
        tr("The data set is not here"), icon=":material/database_off:", expanded=bool(path)
    ):
        (st.error if path else st.info)(f"{literal(tr(error))}.")
        st.text_input(
            tr(f"Where {literal(data)} lies on the server"),
            key=_key(data),
            persist_state="session",
            placeholder=tr("/path/to/the/data"),
            help=tr(f"Its folder or archive; other pages then find it too. {without}"),
        )


def _key(data: str) -> str:
    return f"{PATH}-{data}"
