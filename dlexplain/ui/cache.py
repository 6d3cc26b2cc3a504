"""What the server computes once for all sessions."""

import streamlit as st

from dlexplain.registry import Registry
from dlexplain.services.explain import MethodInfo, method_choices, method_infos
from dlexplain.services.models import LoadedModel, load_model


@st.cache_resource(max_entries=4, show_spinner="Loading the model…")
def model(name: str) -> LoadedModel:
    """The model, loaded and prepared."""
    return load_model(name)


@st.cache_resource(max_entries=4, show_spinner=False)
def methods(model_name: str) -> Registry[MethodInfo]:
    """The methods that are compatible with the model, by name."""
    known: Registry[MethodInfo] = Registry("method")
    for info in method_infos(model(model_name)):
        known.add(info.name, info)
    return known


@st.cache_resource(max_entries=256, show_spinner=False)
def choices(model_name: str, method: str) -> dict[str, tuple[str, ...]]:
    """Accepted values of the parameters that depend on the model."""
    return method_choices(model(model_name), method)
