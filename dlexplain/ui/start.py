"""What happens once when the server starts."""

import gc
import importlib
import threading

import streamlit as st


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Thread:
    """Load torch, the first model and the methods' packages while the first page is being read.

    The first visitor's picture then finds them ready, and a page that needs no torch does not
    wait for it. What was loaded is then exempt from garbage collection: Streamlit collects after
    every run of a page, and going through torch's objects each time took 0.2 s.
    """

    def load() -> None:
        from dlexplain.services.models import chunk_book, load_model

        prepared = load_model().prepared
        _exempt_from_collection()
        for kind in ("forward", "gradient"):
            chunk_book().get(prepared, kind)
        for package in ("captum.attr", "shap", "skimage.segmentation"):
            importlib.import_module(package)
        _exempt_from_collection()

    thread = threading.Thread(target=load, name="warm-up", daemon=True)
    delayed = threading.Timer(START_AFTER_SECONDS, thread.start)
    delayed.daemon = True
    delayed.start()
    return thread


def _exempt_from_collection() -> None:
    gc.collect()
    gc.freeze()


START_AFTER_SECONDS = 1.0
"""So that the first paint has the processor to itself."""
