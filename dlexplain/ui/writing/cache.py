"""What the server computes once for all sessions, on the page of language models."""

import streamlit as st

from dlexplain.language import Later
from dlexplain.results import Inside, Reading
from dlexplain.services.loading import load
from dlexplain.services.writing.inside import look_inside
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.reading import read


@st.cache_resource(max_entries=6, show_spinner=Later("Loading the model…"))
def model(name: str) -> LoadedLanguageModel:
    """The model, loaded."""
    return load(LoadedLanguageModel, name)


@st.cache_resource(max_entries=32, show_spinner=Later("Reading…"))
def reading(name: str, text: str) -> Reading:
    """The text as the model reads it; raises BadInput."""
    return read(model(name), text)


@st.cache_resource(max_entries=8, show_spinner=Later("Reading…"))
def inside(name: str, text: str) -> Inside:
    """Units and gates over the text; raises BadInput or Incompatible."""
    return look_inside(model(name), text)
