"""Choosing the picture that the layers are looked at with: one of the model's own data where that
is here, a sample, or one's own. No torch here."""

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import shown_by, tr
from dlexplain.services.pictures.sets import one_of_each
from dlexplain.services.pictures.sources import KnownPicture, png_address, sample_names
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, whole_number
from dlexplain.ui.data_path import ask_path, find_own
from dlexplain.ui.markdown import literal
from dlexplain.ui.pictures import Choice, arrived, choose_picture

SOURCE, EXAMPLE = "layers-source", "layers-example"
SOURCES = {"data": "From its data", "other": "Another picture"}


def choose(entry: ModelEntry, opened: bool) -> Choice:
    """The picture; something is chosen at once."""
    path, missing = find_own(entry)
    examples = _examples(entry, path)
    if opened:
        other = "sample" in st.query_params or "test" in st.query_params
        st.session_state[SOURCE] = "other" if other else "data"
    if examples:
        from_address("example", whole_number("example", 0, len(examples) - 1), opened, EXAMPLE)
        st.session_state.setdefault(SOURCE, "data")
        source = st.segmented_control(
            tr("Picture"),
            list(SOURCES),
            format_func=shown_by(SOURCES.__getitem__),
            key=SOURCE,
            required=True,
            label_visibility="collapsed",
            persist_state="session",
        )
        if source != "other":
            return _example(examples)
    new = arrived()  # asked before its widgets are drawn
    if new:
        st.session_state.setdefault("sample", sample_names()[0])
    choice = choose_picture(entry, new)
    if missing:
        ask_path(*missing, "Until then there is none of its test pictures; others do as well.")
    return choice


def _examples(entry: ModelEntry, path: str) -> tuple[KnownPicture, ...]:
    with st.spinner(tr("Reading pictures…")):
        try:
            return one_of_each(entry, path)
        except DlexplainError as error:
            st.caption(tr(f"Its own data cannot be shown: {literal(str(error))}"))
            return ()


def _example(examples: tuple[KnownPicture, ...]) -> Choice:
    places = list(range(len(examples)))
    if st.session_state.get(EXAMPLE) not in places:
        st.session_state[EXAMPLE] = places[min(3, len(places) - 1)]
    labels = [f"![]({png_address(k.picture, 32)}) {literal(k.truth.label)}" for k in examples]
    place = st.pills(
        tr("Test picture"),
        places,
        format_func=shown_by(labels.__getitem__),
        key=EXAMPLE,
        required=True,
        persist_state="session",
        label_visibility="collapsed",
    )
    known = examples[place or 0]
    return Choice(known.picture, {"example": str(place or 0)}, known.truth)
