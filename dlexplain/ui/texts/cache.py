"""What the server computes once for all sessions about texts."""

import hashlib

import streamlit as st

from dlexplain.registry import Registry
from dlexplain.results import AttentionMaps, LabelledText, TextPrediction
from dlexplain.services.explaining import MethodInfo, by_name
from dlexplain.services.loading import class_of, load
from dlexplain.services.texts.attention import Windows, reading_maps, text_windows
from dlexplain.services.texts.explain import classify_text, text_method_infos
from dlexplain.services.texts.labelling import label_method_infos, label_words
from dlexplain.services.texts.models import Reading, TextModel
from dlexplain.services.texts.token_models import TokenModel
from dlexplain.trained.catalogue import find


@st.cache_resource(max_entries=4, show_spinner=False)
def text_model(name: str) -> TextModel:
    """The model, loaded."""
    return load(TextModel, name)


@st.cache_resource(max_entries=4, show_spinner=False)
def classifier(name: str) -> TextModel | TokenModel:
    """A text classifier, or a token classifier of the user's own, loaded."""
    kind: type[TextModel | TokenModel] = class_of(find(name, *TextModel.tasks, *TokenModel.tasks))
    return load(kind, name)


def reading(name: str, text: str) -> Reading:
    """The text as the model reads it; raises TextError."""
    return classifier(name).read(text)


@st.cache_data(max_entries=256, show_spinner=False)
def text_prediction(name: str, text: str) -> TextPrediction:
    """The text's classes; raises TextError."""
    return classify_text(text_model(name), text)


@st.cache_data(max_entries=256, show_spinner=False)
def text_labels(name: str, text: str) -> LabelledText:
    """The labels of the text's words, by a token classifier; raises TextError."""
    model = classifier(name)
    assert isinstance(model, TokenModel)
    return label_words(model, text)


@st.cache_resource(max_entries=8, show_spinner=False)
def text_methods(name: str) -> Registry[MethodInfo]:
    """The methods that are compatible with the model, by name."""
    model = classifier(name)
    if isinstance(model, TokenModel):
        return by_name(label_method_infos(model))
    return by_name(text_method_infos(model))


def digest(text: str) -> str:
    """Of a text, for requests."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@st.cache_resource(max_entries=8, show_spinner=False)
def windows(model: str, text: str) -> Windows:
    """The text in stretches; raises TextError or Incompatible."""
    return text_windows(text_model(model), text)


@st.cache_resource(max_entries=8, show_spinner=False)
def maps(model: str, text: str, number: int) -> AttentionMaps:
    """Of one of them, marks included."""
    return reading_maps(text_model(model), windows(model, text).get(number).reading)
