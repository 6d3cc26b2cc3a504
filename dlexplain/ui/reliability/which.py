"""Of a measurement that was made here and one that comes along, which to see. No torch here."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dlexplain.language import shown_by, tr
from dlexplain.services.reliability.shipped import known, measured_here, shipped
from dlexplain.trained.catalogue import ModelEntry

TITLES = {"here": "measured here", "shipped": "comes along"}


def not_known(kind: Any) -> Callable[[ModelEntry], bool]:
    """Sorts those of which something is known to the front."""
    return lambda entry: known(kind, entry.name) is None


def choose_known(kind: Any, model: str, key: str) -> Any:
    """The chosen one, the only one, or None. key  unique on the page"""
    here, along = measured_here(kind, model), shipped(kind, model)
    if here is None or along is None:
        return here or along
    chosen = st.segmented_control(
        tr("Result"),
        list(TITLES),
        format_func=shown_by(TITLES.__getitem__),
        default="here",
        required=True,
        key=f"{key}-{model}",
        label_visibility="collapsed",
    )
    return along if chosen == "shipped" else here
