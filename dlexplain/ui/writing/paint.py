"""The page is there at once, and what needs torch follows."""

import sys

import streamlit as st

PAINTED, SOON_SECONDS = "writing-painted", 0.2


def painted() -> bool:
    """Whether torch is loaded or the page was drawn without it; else the page runs again soon."""
    if "torch" in sys.modules or st.session_state.get(PAINTED):
        return True
    st.fragment(_again, run_every=SOON_SECONDS)()
    return False


def _again() -> None:
    if st.session_state.get(PAINTED):
        st.rerun()
    st.session_state[PAINTED] = True
    st.caption("Loading the model…")
