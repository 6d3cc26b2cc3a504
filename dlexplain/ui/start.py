"""What happens once when the server starts."""

import atexit
import gc
import importlib
import logging
import threading
import time
from collections.abc import Callable

import streamlit as st

_log = logging.getLogger(__name__)
START_AFTER_SECONDS = 1.0
"""So that the first paint has the processor to itself."""
LIBRARIES_AFTER_SECONDS = 10.0
"""Captum and SHAP take four seconds to import, which would slow the first visitor's class."""
STORE_AFTER_SECONDS = 6.0
"""The first visitor comes first."""
END_SECONDS = 20.0
KEEP_SECONDS = 3.0
"""How often the queue is looked after."""


@st.cache_resource(show_spinner=False)
def warm_up() -> tuple[threading.Thread, ...]:
    """Load torch and the first model while the first page is being read, then what some methods
    need.

    The first visitor's picture then finds them ready, and a page that needs no torch does not
    wait for it. What was loaded is then exempt from garbage collection: Streamlit collects after
    every run of a page, and going through torch's objects each time took 0.2 s.
    """

    def load() -> None:
        from dlexplain.services.explaining import batch_sizes
        from dlexplain.services.loading import load
        from dlexplain.services.pictures.models import LoadedModel
        from dlexplain.services.pictures.sources import start_ahead

        prepared = load(LoadedModel).prepared
        start_ahead()
        _exempt_from_collection()
        for kind in ("forward", "gradient"):
            batch_sizes().get(prepared, kind)
        _import("skimage.segmentation")

    threads = (
        _after(START_AFTER_SECONDS, "warm-up", load),
        _after(LIBRARIES_AFTER_SECONDS, "libraries", lambda: _import("captum.attr", "shap")),
    )
    for thread in threads:  # Python would end it inside torch's C++, which aborts the process
        atexit.register(_wait_for, thread)
    return threads


def _import(*modules: str) -> None:
    for module in modules:
        importlib.import_module(module)
    _exempt_from_collection()


@st.cache_resource(show_spinner=False)
def look_after_runs() -> threading.Thread:
    """Keep the queue going for as long as the server lives.

    A run whose worker is gone becomes interrupted, and what is queued starts, with no page open.
    """

    def look() -> None:
        from dlexplain.services.training.runs import keep_going

        keep_going()

    def for_ever() -> None:
        look_for_ever(told_of(look), lambda: time.sleep(KEEP_SECONDS))

    return _after(STORE_AFTER_SECONDS, "runs", for_ever)


def told_of(look: Callable[[], None]) -> Callable[[], None]:
    """The same, of which /healthz and `doctor` know how it went."""
    from dlexplain.services import health

    health.keeper.looked()

    def once() -> None:
        try:
            look()
        except BaseException as error:
            health.keeper.failed(error)
            raise
        health.keeper.looked()

    return once


def look_for_ever(look: Callable[[], None], pause: Callable[[], None]) -> None:
    """Whatever goes wrong in a look, there is another; what goes wrong again is logged once."""
    said = ""
    while True:
        try:
            look()
            said = ""
        except BaseException as error:  # the queue is to be looked after whatever it was
            if str(error) != said:
                said = str(error)
                _log.warning("the queue was not looked after: %s", error)
        pause()


def _wait_for(thread: threading.Thread) -> None:
    if thread.is_alive():  # one that never started cannot be joined
        thread.join(END_SECONDS)


def _after(seconds: float, name: str, work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name=name, daemon=True)
    delayed = threading.Timer(seconds, thread.start)
    delayed.daemon = True
    delayed.start()
    return thread


def _exempt_from_collection() -> None:
    gc.collect()
    gc.freeze()
