"""What the server computes once for all sessions about attention."""

import streamlit as st

from dlexplain.results import AttentionMaps
from dlexplain.services.texts.attention import Windows, reading_maps, text_windows
from dlexplain.ui.texts.cache import text_model


@st.cache_resource(max_entries=8, show_spinner=False)
def windows(model: str, text: str) -> Windows:
    """The text in stretches; raises TextError or Incompatible."""
    return text_windows(text_model(model), text)


@st.cache_resource(max_entries=8, show_spinner=False)
def maps(model: str, text: str, number: int) -> AttentionMaps:
    """Of one of them, marks included."""
    return reading_maps(text_model(model), windows(model, text).get(number).reading)
