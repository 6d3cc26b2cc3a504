"""Choosing the picture: uploads, camera, samples, or the test pictures that a run has kept.

Bad files are told one by one, others kept. No torch here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from dlexplain.errors import Incompatible, UnknownName
from dlexplain.language import shown_by, tr
from dlexplain.params import from_digits
from dlexplain.results import ClassName
from dlexplain.services.pictures.cards import TASK
from dlexplain.services.pictures.sources import (
    ENDINGS,
    FORMATS_IN_WORDS,
    Picture,
    kept_pictures,
    png_address,
    read_sample,
    sample,
    sample_names,
)
from dlexplain.settings import settings
from dlexplain.trained.catalogue import ModelEntry, entries
from dlexplain.trained.heads import without_head
from dlexplain.ui.address import from_address
from dlexplain.ui.markdown import literal
from dlexplain.ui.own_models import Own
from dlexplain.ui.uploads import Uploaded, read_uploads

UPLOAD, CAMERA, SAMPLE, TEST = "Upload", "Camera", "Samples", "Test pictures"

FIRST = "coffee"
WITHOUT_PATCHES = "own-pictures-without-attention"
"""In the session: the user's own models whose attention cannot be shown."""


def _load(name: str) -> None:
    """Raises DlexplainError."""
    from dlexplain.services.pictures.attention import check_model
    from dlexplain.ui import cache  # torch is imported from here on

    model = cache.model(name)
    try:
        check_model(model)
    except Incompatible:
        st.session_state.setdefault(WITHOUT_PATCHES, set()).add(name)


OWN = Own(TASK, _load)
"""The user's own picture classifiers."""


@dataclass(frozen=True)
class Choice:
    """The picture chosen, if any.

    address  what in the page's address stands for it; {} for one that cannot be found again
    truth    its class as its data set says it, where that is known
    example  the sample's name, where one is looked at until something is given
    """

    picture: Picture | None = None
    address: Mapping[str, str] = field(default_factory=dict)
    truth: ClassName | None = None
    example: str = ""


def arrived() -> bool:
    """Whether the page has just been opened: its source of pictures is not remembered."""
    return not {"source", "source-tests"} & set(st.session_state)


def choose_picture(model: ModelEntry, arrived: bool, example: bool = False) -> Choice:
    """The source's widgets; `arrived` as above, asked before any of them was drawn.

    example  whether a sample is looked at as long as nothing was uploaded
    """
    state = st.session_state
    from_address("sample", lambda name: sample(name).key, arrived)
    from_address("test", _known_test, arrived)
    owner = _tests_owner(model)
    sources = [UPLOAD, CAMERA, SAMPLE, *([TEST] if owner else [])]
    if arrived:
        state["source-kept"] = _first_source(model, owner)
    kept = state.get("source-kept")
    source = st.segmented_control(
        tr("Picture from"),
        sources,
        format_func=tr,
        default=kept if kept in sources else UPLOAD,
        # Another key where the sources are others: Streamlit would forget the choice.
        key="source-tests" if owner else "source",
        required=True,
        label_visibility="collapsed",
    )
    state["source-kept"] = source
    if source != UPLOAD:
        read_uploads("uploads", [])  # Streamlit forgets its files too
    if source == TEST and owner:
        return _test(owner)
    if source == SAMPLE:
        name = _sample()
        return Choice(_cached_sample(name), {"sample": name}) if name else Choice()
    if source == CAMERA:
        shot = st.camera_input(tr("Take a picture"), key="camera")
        uploaded = read_uploads("camera", [shot] if shot else [])
    else:
        files = st.file_uploader(
            tr("Drop one or several pictures"),
            type=list(ENDINGS),
            accept_multiple_files=True,
            key="uploads",
            max_upload_size=math.ceil(settings().max_file_mb),
            help=tr(
                f"{FORMATS_IN_WORDS}; of several pictures in a file the first. Kept in memory only."
            ),
        )
        uploaded = read_uploads("uploads", files)
    if example and source == UPLOAD and not uploaded:
        name = first_sample()
        st.caption(tr("Until there is a picture of yours, the page shows a sample."))
        return Choice(_cached_sample(name), example=name)
    return Choice(_one_of(uploaded))


def _first_source(model: ModelEntry, owner: str | None) -> str:
    """The address decides; who comes for a run sees its test pictures."""
    asked = st.query_params
    if "test" in asked and owner:
        return TEST
    if "sample" in asked:
        return SAMPLE if "sample" in st.session_state else UPLOAD
    if "model" in asked and owner == model.name:
        return TEST
    return SAMPLE if "sample" in st.session_state else UPLOAD


def _known_test(text: str) -> str:
    run, _, place = text.partition(".")
    runs = [without_head(entry.name) for entry in entries(TASK) if entry.source == "run"]
    count = len(kept_pictures(run)) if without_head(run) in runs else 0
    if not 0 <= from_digits(place) < count:
        raise UnknownName(f'there is no test picture "{text}"')
    return f"{run}.{int(place)}"


def _tests_owner(model: ModelEntry) -> str | None:
    """The run whose test pictures are offered: the model itself, else the one looked at last."""
    if model.source == "run" and kept_pictures(model.name):
        return model.name
    last = str(st.session_state.get("test") or "").partition(".")[0]
    return last if last and kept_pictures(last) else None


def _test(owner: str) -> Choice:
    """The run's test pictures to pick from; the place stays when the run changes."""
    pictures = kept_pictures(owner)
    names = [f"{owner}.{place}" for place in range(len(pictures))]
    place = str(st.session_state.get("test") or "").partition(".")[2]
    wanted = f"{owner}.{place}"
    st.session_state["test"] = wanted if wanted in names else names[0]
    labels = {
        name: f"![]({png_address(known.picture)}) {literal(known.truth.label)}"
        for name, known in zip(names, pictures, strict=True)
    }
    chosen = st.pills(
        tr("Test picture"),
        names,
        format_func=shown_by(labels.__getitem__),
        key="test",
        required=True,
        persist_state="session",
        label_visibility="collapsed",
    )
    st.caption(tr("Pictures of the data set's test part, with their classes."))
    known = pictures[names.index(chosen or names[0])]
    return Choice(known.picture, {"test": chosen or names[0]}, known.truth)


def _sample() -> str | None:
    st.session_state.setdefault("sample", first_sample())
    name = st.pills(
        tr("Sample"),
        sample_names(),
        format_func=lambda key: tr(sample(key).title),
        key="sample",
        persist_state="session",
        label_visibility="collapsed",
    )
    if name is None:
        return None
    st.caption(tr(sample(name).credit))
    return name


def first_sample() -> str:
    """That of the front page's example, or where `dx.show` has given others their first."""
    names = sample_names()
    return FIRST if FIRST in names else names[0]


@st.cache_data(max_entries=16, show_spinner=False)
def _cached_sample(name: str) -> Picture:
    return read_sample(name)


def _one_of(files: list[Uploaded]) -> Picture | None:
    """The one to look at: the first, then what has come since, then what the visitor picks."""
    state, ids = st.session_state, [file.file_id for file in files]
    known = state.get("pictures-known") or ids
    state["pictures-known"] = ids
    if len(files) < 2:
        return files[0].picture() if files else None
    fresh = [place for place, file_id in enumerate(ids) if file_id not in known]
    state["which"] = fresh[0] if fresh else min(state.get("which") or 0, len(files) - 1)
    # Streamlit keeps what a widget was made with for as long as it may return: no files in it.
    labels = [f"{place}. {literal(one.name)}" for place, one in enumerate(files, 1)]
    place = st.pills(
        tr("Which picture"),
        range(len(files)),
        format_func=labels.__getitem__,
        key="which",
        required=True,
    )
    return files[place or 0].picture()
