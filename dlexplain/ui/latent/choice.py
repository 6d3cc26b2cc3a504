"""Choosing a model that makes pictures, and a picture for it; no torch here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from dlexplain.errors import BadInput, DataError, PictureError, UnknownName
from dlexplain.results import SeenPicture
from dlexplain.services.latent_data import PictureData, load_pictures
from dlexplain.services.latent_list import (
    LatentEntry,
    default_latent_model,
    latent_entries,
    latent_entry,
)
from dlexplain.services.pictures import ENDINGS, Picture, png_address, read_picture
from dlexplain.ui.writing.choice import from_query

MODEL, PATH, OTHER = "latent-model", "latent-path", "latent-other"
TEST, UPLOAD, CAMERA, DRAW = "Test pictures", "Upload", "Camera", "Draw"
ICONS = {
    TEST: ":material/grid_view:",
    UPLOAD: ":material/upload:",
    CAMERA: ":material/photo_camera:",
    DRAW: ":material/draw:",
}
MOST_OFFERED = 20
VIEWS: Mapping[str, Mapping[str, str]] = {
    "autoencoder": {
        "reconstruct": "Reconstruct",
        "map": "Map",
        "dimensions": "Dimensions",
        "between": "Between two",
        "classes": "Class arithmetic",
    },
    "variational": {
        "reconstruct": "Reconstruct",
        "map": "Map",
        "dimensions": "Dimensions",
        "between": "Between two",
        "classes": "Class arithmetic",
        "samples": "Samples",
    },
    "adversarial": {"samples": "Samples", "between": "Latent walk"},
}
"""By the kind of the model."""


@dataclass(frozen=True)
class Choice:
    """A picture, if one was chosen.

    label    its class as its data set says it, where that is known
    address  what in the page's address stands for it; {} for one that cannot be found again
    """

    picture: Picture | SeenPicture | None = None
    label: str = ""
    address: Mapping[str, str] = field(default_factory=dict)


def arrived() -> bool:
    """Whether the page has just been opened: its picker of views is not remembered."""
    return not any(str(key).startswith("latent-view-") for key in st.session_state)


def choose_latent_model(arrived: bool) -> LatentEntry | None:
    """The picker; None where there is no model."""
    from_query("model", MODEL, lambda name: latent_entry(name).name, arrived)
    known = {entry.name: entry for entry in latent_entries()}  # a run may just have finished
    if not known:
        return None
    chosen = st.session_state.get(MODEL)
    st.session_state[MODEL] = chosen if chosen in known else default_latent_model()
    st.selectbox(
        "Model", list(known), format_func=lambda name: known[name].title, key=MODEL,
        persist_state="session",
        help="Autoencoders, variational autoencoders and GANs of the zoo, and runs that have "
        "finished, the latest first.",
    )  # fmt: skip
    return known[st.session_state[MODEL]]


def choose_view(entry: LatentEntry, arrived: bool) -> str:
    """What is looked at; the same for another model where that has it too."""
    state, views = st.session_state, VIEWS[entry.kind]
    from_query("view", "latent-view", lambda name: _view(name, views), arrived)
    kept = state.get("latent-view")
    chosen = st.segmented_control(
        "View", list(views), default=kept if kept in views else next(iter(views)),
        format_func=views.__getitem__, key=f"latent-view-{entry.kind}",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    state["latent-view"] = chosen or next(iter(views))
    return str(state["latent-view"])


def _view(name: str, views: Mapping[str, str]) -> str:
    if name not in views:
        raise BadInput(f'unknown view "{name}" of this kind of model; known: {", ".join(views)}')
    return name


@st.cache_resource(max_entries=2, show_spinner="Reading the data set…")
def _data(name: str, params: tuple[tuple[str, object], ...], path: str) -> PictureData:
    return load_pictures(name, dict(params), path)  # type: ignore[arg-type]


def find_data(entry: LatentEntry) -> tuple[PictureData | None, str]:
    """The data set that the model was trained on, and the path that was given for it.

    Where it is not here, says how to get it and asks for a path.
    """
    key = f"{PATH}-{entry.data}"
    path = str(st.session_state.get(key) or "").strip()
    params = tuple(sorted(entry.data_params.items()))
    try:
        return _data(entry.data, params, path), path
    except DataError as error:
        with st.expander("The data set is not here", icon=":material/database_off:",
                         expanded=bool(path)):  # fmt: skip
            (st.error if path else st.info)(f"{error}.")
            st.text_input(
                f"Where {entry.data} lies on the server", key=key, persist_state="session",
                placeholder="/path/to/the/data",
                help="Its folder or archive. Without it there are no test pictures, no map and no "
                "nearest training pictures; all else works.",
            )  # fmt: skip
        return None, path


def choose_picture(entry: LatentEntry, data: PictureData | None, arrived: bool) -> Choice:
    """From where the picture comes, and the picture."""
    state = st.session_state
    grey = data is None or data.channels == 1
    sources = [*([TEST] if data else []), UPLOAD, CAMERA, *([DRAW] if grey else [])]
    kept = TEST if arrived and "test" in st.query_params else state.get("latent-source-kept")
    source = st.segmented_control(
        "Picture from", sources, default=kept if kept in sources else sources[0],
        format_func=lambda name: f"{ICONS[name]} {name}",
        key=f"latent-source-{'-'.join(sources)}", required=True, label_visibility="collapsed",
    )  # fmt: skip
    state["latent-source-kept"] = source
    if source == TEST and data is not None:
        return choose_test(data, "latent-test", "test", 0, arrived)
    if source == DRAW:
        return _drawn()
    if source == CAMERA:
        shot = st.camera_input("Take a picture", key="latent-camera")
        given = (shot.getvalue(), "camera.png") if shot else None
    else:
        file = st.file_uploader(
            "Drop a picture", type=list(ENDINGS), key="latent-upload",
            help="PNG, JPEG, WebP, BMP, or the first frame of a GIF, of any size and colour: it is "
            "made into what the model takes. Kept in memory only.",
        )  # fmt: skip
        given = (file.getvalue(), file.name) if file else None
    return _read(*given) if given else Choice()


def choose_test(
    data: PictureData, key: str, parameter: str, first: int, arrived: bool, label: str = "Picture"
) -> Choice:
    """Some pictures of the test part to pick from, two of each class; any other by its number.

    first  which of those offered is chosen at first
    """
    from_query(parameter, key, lambda text: _place(text, len(data.test)), arrived)
    places = offered(data)
    chosen = st.session_state.get(key)
    if not isinstance(chosen, int) or chosen >= len(data.test):
        st.session_state[key] = places[first % len(places)]
    elif chosen not in places:
        places = [chosen, *places]
    place = st.pills(
        label, places, format_func=lambda place: f"![]({_thumbnail(data.digest, place, data)})",
        key=key, required=True, persist_state="session",
        help="Of the data set's test part, which the model was not trained on.",
    )  # fmt: skip
    place = places[0] if place is None else int(place)
    seen = SeenPicture(f"test picture {place}", data.test.pixels[place])
    return Choice(seen, data.classes[int(data.test.labels[place])], {parameter: str(place)})


def offered(data: PictureData, most: int = MOST_OFFERED) -> list[int]:
    """Places of test pictures, as many of each class as there is room for, by class."""
    labels = data.test.labels
    each = max(1, most // max(1, len(np.unique(labels))))
    found: list[int] = []
    for label in np.unique(labels)[:most]:
        found += [int(place) for place in np.flatnonzero(labels == label)[:each]]
    return found


def _place(text: str, count: int) -> int:
    if not (text.isdecimal() and int(text) < count):
        raise UnknownName(f'there is no test picture "{text}"; 0 to {count - 1} are there')
    return int(text)


@st.cache_data(max_entries=256, show_spinner=False)
def _thumbnail(digest: str, place: int, _data: PictureData) -> str:
    return png_address(read_picture(_data.test.pixels[place]), 28)


def _drawn() -> Choice:
    from dlexplain.ui.latent.pad import drawing

    data = drawing("latent-pad")
    st.caption("Draw with the mouse or a finger; each stroke is read at once.")
    return _read(data, "drawing") if data else Choice()


def _read(data: bytes, name: str) -> Choice:
    try:
        return Choice(read_picture(data, name))
    except PictureError as error:
        st.error(str(error), icon=":material/broken_image:")
        return Choice()


def first_other(data: PictureData, label: str) -> int:
    """The place among those offered of the first picture of another class."""
    names: Sequence[str] = [data.classes[int(data.test.labels[place])] for place in offered(data)]
    return next((place for place, name in enumerate(names) if name != label), 0)
