"""Choosing the model: a registered one or a finished run; no torch here."""

from collections.abc import Sequence

import streamlit as st

from dlexplain.services.pictures.model_list import DEFAULT_MODEL, ModelEntry, model_entry
from dlexplain.ui.address import from_address


def choose_model(entries: Sequence[ModelEntry], arrived: bool) -> ModelEntry:
    """The picker, where there is a choice; returns the model chosen.

    arrived  whether the page has just been opened, so that its address counts
    """
    known = {entry.name: entry for entry in entries}
    from_address("model", lambda name: model_entry(name).name, arrived)
    chosen = st.session_state.get("model")
    # Set at every run, so that the choice outlives a change of the list; a deleted run's does not.
    st.session_state["model"] = chosen if chosen in known else DEFAULT_MODEL
    if len(known) > 1:
        st.selectbox(
            "Model",
            list(known),
            format_func=lambda name: known[name].title,
            key="model",
            persist_state="session",
            help="Pretrained models, and the runs that have finished, the latest first.",
        )
    return known[st.session_state["model"]]
