"""What happens once when the server starts."""

import threading

import streamlit as st


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Thread:
    """Load torch and the first model in the background while the first page is being read.

    The first visitor's picture then finds them ready, and a page that needs no torch does not
    wait for it.
    """

    def load() -> None:
        from dlexplain.services.models import chunk_book, load_model

        prepared = load_model().prepared
        for kind in ("forward", "gradient"):
            chunk_book().get(prepared, kind)

    thread = threading.Thread(target=load, name="warm-up", daemon=True)
    delayed = threading.Timer(START_AFTER_SECONDS, thread.start)
    delayed.daemon = True
    delayed.start()
    return thread


START_AFTER_SECONDS = 1.0
"""So that the first paint has the processor to itself."""
