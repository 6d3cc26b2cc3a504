"""Choosing the picture: uploads, camera or samples. Bad files are told one by one, others kept."""

import hashlib

import streamlit as st

from dlexplain.errors import PictureError
from dlexplain.services.pictures import (
    ENDINGS,
    Picture,
    read_picture,
    read_sample,
    sample,
    sample_names,
)
from dlexplain.ui.address import from_address

UPLOAD, CAMERA, SAMPLE = "Upload", "Camera", "Samples"
ICONS = {UPLOAD: ":material/upload:", CAMERA: ":material/photo_camera:", SAMPLE: ":material/image:"}


def choose_picture() -> tuple[Picture | None, str | None]:
    """The source's widgets; returns the picture chosen, if any, and the sample's name if it is
    one."""
    from_address("sample", lambda name: sample(name).key)
    source = st.segmented_control(
        "Picture from",
        [UPLOAD, CAMERA, SAMPLE],
        default=SAMPLE if "sample" in st.session_state else UPLOAD,
        format_func=lambda name: f"{ICONS[name]} {name}",
        key="source",
        required=True,
        label_visibility="collapsed",
    )
    if source == SAMPLE:
        name = _sample()
        return (_cached_sample(name) if name else None), name
    if source == CAMERA:
        shot = st.camera_input("Take a picture", key="camera")
        pictures = _read([("camera.png", shot.getvalue())]) if shot else []
    else:
        files = st.file_uploader(
            "Drop one or several pictures",
            type=list(ENDINGS),
            accept_multiple_files=True,
            key="uploads",
            help="PNG, JPEG, WebP, BMP, or the first frame of a GIF. Kept in memory only.",
        )
        pictures = _read([(file.name, file.getvalue()) for file in files])
    return _one_of(pictures), None


def _sample() -> str | None:
    st.session_state.setdefault("sample", sample_names()[0])
    name = st.pills(
        "Sample",
        sample_names(),
        format_func=lambda key: sample(key).title,
        key="sample",
        persist_state="session",
        label_visibility="collapsed",
    )
    if name is None:
        return None
    st.caption(sample(name).credit)
    return name


@st.cache_data(max_entries=16, show_spinner=False)
def _cached_sample(name: str) -> Picture:
    return read_sample(name)


@st.cache_data(max_entries=16, show_spinner="Reading the picture…")
def _cached_upload(digest: str, name: str, _data: bytes) -> Picture:
    return read_picture(_data, name)


def _read(files: list[tuple[str, bytes]]) -> list[Picture]:
    pictures = []
    for name, data in files:
        try:
            pictures.append(_cached_upload(hashlib.sha256(data).hexdigest(), name, data))
        except PictureError as error:
            st.error(str(error), icon=":material/broken_image:")
    return pictures


def _one_of(pictures: list[Picture]) -> Picture | None:
    if len(pictures) < 2:
        return pictures[0] if pictures else None
    place = st.pills(
        "Which picture",
        range(len(pictures)),
        default=0,
        format_func=lambda i: f"{i + 1}. {pictures[i].name}",
        key="which",
        required=True,
    )
    return pictures[min(place or 0, len(pictures) - 1)]
