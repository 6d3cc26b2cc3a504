"""What is attacked; no torch here."""

import streamlit as st

from dlexplain.language import shown_by, tr
from dlexplain.ui.address import from_address, one_of

INPUTS = {"picture": "Picture", "text": "Text", "series": "Series"}
INPUT = "attack-input"


def choose_input(arrived: bool) -> str:
    """A key of INPUTS."""
    from_address("input", one_of("kind of input", INPUTS), arrived, INPUT)
    st.session_state.setdefault(INPUT, "picture")
    chosen = st.segmented_control(
        tr("What the model reads"),
        list(INPUTS),
        format_func=shown_by(INPUTS.__getitem__),
        key=INPUT,
        required=True,
        persist_state="session",
        label_visibility="collapsed",
        # what the address still says is of the kind before: its model, its attack
        on_change=st.query_params.clear,
    )
    return str(chosen or "picture")
