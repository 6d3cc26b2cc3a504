"""What the server computes once for all sessions."""

import streamlit as st

from dlexplain.language import Later
from dlexplain.registry import Registry
from dlexplain.results import PictureAttention, Prediction
from dlexplain.services.explaining import MethodInfo
from dlexplain.services.loading import load
from dlexplain.services.pictures.attention import picture_attention
from dlexplain.services.pictures.explain import classify, method_choices, method_infos
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture


@st.cache_resource(max_entries=4, show_spinner=Later("Loading the model…"))
def model(name: str) -> LoadedModel:
    """The model, loaded and prepared."""
    return load(LoadedModel, name)


def prediction(model_name: str, picture: Picture) -> Prediction:
    """The picture's classes."""
    return _prediction(model_name, picture.key, picture.name, picture)


@st.cache_data(max_entries=256, show_spinner=False)
def _prediction(model_name: str, key: str, name: str, _picture: Picture) -> Prediction:
    return classify(model(model_name), _picture)


def attention(model_name: str, picture: Picture) -> PictureAttention:
    """Where the model's patches look; raises Incompatible."""
    return _attention(model_name, picture.key, picture.name, picture)


@st.cache_resource(max_entries=16, show_spinner=False)
def _attention(model_name: str, key: str, name: str, _picture: Picture) -> PictureAttention:
    return picture_attention(model(model_name), _picture)


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
