"""Where pages that measure a model over data ask for a new measurement."""

from collections.abc import Collection

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

KEPT_AS_IT_COMES = (
    "It goes on in the background and is kept as it comes: what was stopped goes on with the same "
    "question."
)


def measuring(title: str, key: str, asks: Collection[str]) -> DeltaGenerator:
    """The part that is opened to ask; its `open` says whether it is. What is inside imports torch,
    so it is closed until somebody opens it, or the address asks.

    asks  parameters of the address that open it
    """
    return st.expander(
        title,
        icon=":material/tune:",
        key=key,
        expanded=any(name in st.query_params for name in asks),
        on_change="rerun",
    )
