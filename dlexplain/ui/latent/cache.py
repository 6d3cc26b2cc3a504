"""What the server computes once for all sessions, on the page of models that make pictures."""

import hashlib

import streamlit as st

from dlexplain.language import Later
from dlexplain.results import (
    DimensionEffects,
    EncodedPictures,
    LatentPlane,
    Neighbours,
    Reconstruction,
    Samples,
    SeenPicture,
)
from dlexplain.results.latents import Floats
from dlexplain.results.test_results import Pixels
from dlexplain.services.latent.codes import dimension_effects, reconstruct, seen_by
from dlexplain.services.latent.discriminator import discriminator_score
from dlexplain.services.latent.map import plane
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.latent.nearest import TrainingPictures, nearest
from dlexplain.services.latent.sampling import sample
from dlexplain.services.loading import load
from dlexplain.services.pictures.data import PictureData, evenly, fitting
from dlexplain.services.pictures.sources import Picture

REAL = 200
"""Test pictures that are shown to a discriminator, to compare with."""


@st.cache_resource(max_entries=6, show_spinner=Later("Loading the model…"))
def model(name: str) -> LatentModel:
    """The model, loaded."""
    return load(LatentModel, name)


def reconstruction(loaded: LatentModel, picture: Picture | SeenPicture) -> Reconstruction:
    """The picture through the model."""
    seen = seen_by(loaded, picture)
    digest = hashlib.sha256(seen.pixels.tobytes()).hexdigest()
    return _reconstruction(loaded.fingerprint, digest, seen.name, seen.changes, loaded, seen)


@st.cache_resource(max_entries=128, show_spinner=False)
def _reconstruction(
    fingerprint: str,
    digest: str,
    name: str,
    changes: tuple[str, ...],
    _model: LatentModel,
    _seen: SeenPicture,
) -> Reconstruction:
    return reconstruct(_model, _seen)


def effects(loaded: LatentModel, code: Floats) -> DimensionEffects:
    """What each dimension changes at the code."""
    return _effects(loaded.fingerprint, code.tobytes(), loaded, code)


@st.cache_resource(max_entries=32, show_spinner=False)
def _effects(
    fingerprint: str, digest: bytes, _model: LatentModel, _code: Floats
) -> DimensionEffects:
    return dimension_effects(_model, _code)


@st.cache_resource(max_entries=16, show_spinner=False)
def flat(
    fingerprint: str, path: str, how: str, across: int, up: int, _encoded: EncodedPictures
) -> LatentPlane:
    """The map of a model's data set."""
    return plane(_encoded, how, across, up)


@st.cache_resource(max_entries=32, show_spinner=Later("Drawing…"))
def samples(name: str, label: str, count: int, seed: int, truncation: float) -> Samples:
    """New pictures; raises BadInput or Incompatible."""
    return sample(model(name), label, count=count, seed=seed, truncation=truncation)


@st.cache_resource(max_entries=8, show_spinner=False)
def real_logits(fingerprint: str, path: str, _model: LatentModel, _data: PictureData) -> Floats:
    """How real the discriminator holds some test pictures."""
    some = evenly(fitting(_data, _model.data, _model.channels, _model.side).test, REAL)
    known = some.labels if _data.classes == _model.classes else some.labels[:0]
    return discriminator_score(_model, some.pixels, known)


def neighbours(
    loaded: LatentModel, path: str, known: TrainingPictures, pixels: Pixels
) -> Neighbours:
    """The training pictures that are nearest to one."""
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()
    return _neighbours(loaded.fingerprint, path, digest, known, pixels)


@st.cache_resource(max_entries=64, show_spinner=False)
def _neighbours(
    fingerprint: str, path: str, digest: str, _known: TrainingPictures, _pixels: Pixels
) -> Neighbours:
    return nearest(_known, _pixels)
