"""What the server computes once for all sessions: models, what they find, boxes and regions."""

from dataclasses import replace

import streamlit as st

from dlexplain.language import Later
from dlexplain.registry import Registry
from dlexplain.results import Detection, Prediction, Segmentation
from dlexplain.services.explaining import MethodInfo, by_name
from dlexplain.services.loading import load
from dlexplain.services.objects.detecting import detect
from dlexplain.services.objects.models import LoadedDetector, LoadedSegmenter
from dlexplain.services.objects.parts import of_box, of_region
from dlexplain.services.objects.segmenting import segment
from dlexplain.services.pictures.explain import classify, method_choices, method_infos
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture


@st.cache_resource(max_entries=4, show_spinner=Later("Loading the model…"))
def detector(name: str) -> LoadedDetector:
    return load(LoadedDetector, name)


@st.cache_resource(max_entries=4, show_spinner=Later("Loading the model…"))
def segmenter(name: str) -> LoadedSegmenter:
    return load(LoadedSegmenter, name)


def detection(name: str, picture: Picture, threshold: float) -> Detection:
    """The picture's boxes of at least this probability."""
    every = _detection(name, picture.key, picture.name, picture)
    likely = tuple(box for box in every.boxes if box.score.probability >= threshold)
    return replace(every, boxes=likely, threshold=threshold)


@st.cache_resource(max_entries=16, show_spinner=Later("Looking for boxes…"))
def _detection(name: str, key: str, title: str, _picture: Picture) -> Detection:
    return detect(detector(name), _picture, 0.0)


def segmentation(name: str, picture: Picture) -> Segmentation:
    """The picture's regions."""
    return _segmentation(name, picture.key, picture.name, picture)


@st.cache_resource(max_entries=16, show_spinner=Later("Looking for regions…"))
def _segmentation(name: str, key: str, title: str, _picture: Picture) -> Segmentation:
    return segment(segmenter(name), _picture)


def box(name: str, picture: Picture, number: int) -> LoadedModel:
    """The detector asked of one box."""
    return _box(name, picture.key, number, picture)


@st.cache_resource(max_entries=16, show_spinner=False)
def _box(name: str, key: str, number: int, _picture: Picture) -> LoadedModel:
    return of_box(detector(name), _picture, number)[0]


def region(name: str, picture: Picture, index: int) -> LoadedModel:
    """The segmenter asked of the region of one class."""
    return _region(name, picture.key, index, picture)


@st.cache_resource(max_entries=16, show_spinner=False)
def _region(name: str, key: str, index: int, _picture: Picture) -> LoadedModel:
    return of_region(segmenter(name), _picture, index)[0]


def prediction(part: LoadedModel, picture: Picture) -> Prediction:
    """The classes of a box or a region."""
    return _prediction(part.prepared.fingerprint, picture.key, picture.name, part, picture)


@st.cache_resource(max_entries=64, show_spinner=False)
def _prediction(
    fingerprint: str, key: str, title: str, _part: LoadedModel, _picture: Picture
) -> Prediction:
    return classify(_part, _picture)


def methods(part: LoadedModel) -> Registry[MethodInfo]:
    """The methods that explain a box or a region, by name."""
    return _methods(part.prepared.fingerprint, part)


@st.cache_resource(max_entries=16, show_spinner=False)
def _methods(fingerprint: str, _part: LoadedModel) -> Registry[MethodInfo]:
    return by_name(method_infos(_part))


def choices(part: LoadedModel, method: str) -> dict[str, tuple[str, ...]]:
    """Accepted values of the method's parameters that depend on the model."""
    return method_choices(part, method)
