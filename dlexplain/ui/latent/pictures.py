"""Choosing a picture: a test picture, an upload, a shot of the camera, a drawing; no torch."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from dlexplain.errors import PictureError, UnknownName
from dlexplain.language import tr
from dlexplain.params import from_digits
from dlexplain.results import SeenPicture
from dlexplain.services.pictures.data import PictureData
from dlexplain.services.pictures.sources import (
    ENDINGS,
    FORMATS_IN_WORDS,
    Picture,
    png_address,
    read_picture,
)
from dlexplain.settings import settings
from dlexplain.ui.address import from_address
from dlexplain.ui.markdown import literal
from dlexplain.ui.uploads import read_uploads

OTHER = "latent-other"
TEST, UPLOAD, CAMERA, DRAW = "Test pictures", "Upload", "Camera", "Draw"
ICONS = {
    TEST: ":material/grid_view:",
    UPLOAD: ":material/upload:",
    CAMERA: ":material/photo_camera:",
    DRAW: ":material/draw:",
}
MOST_OFFERED = 20


@dataclass(frozen=True)
class Choice:
    """A picture, if one was chosen.

    label    its class as its data set says it, where that is known
    address  what in the page's address stands for it; {} for one that cannot be found again
    """

    picture: Picture | SeenPicture | None = None
    label: str = ""
    address: Mapping[str, str] = field(default_factory=dict)


def choose_picture(data: PictureData | None, arrived: bool) -> Choice:
    """From where the picture comes, and the picture."""
    state = st.session_state
    grey = data is None or data.channels == 1
    sources = [*([TEST] if data else []), UPLOAD, CAMERA, *([DRAW] if grey else [])]
    kept = TEST if arrived and "test" in st.query_params else state.get("latent-source-kept")
    source = st.segmented_control(
        tr("Picture from"),
        sources,
        default=kept if kept in sources else sources[0],
        format_func=lambda source: f"{ICONS[source]} {tr(source)}",
        key=f"latent-source-{'-'.join(sources)}",
        required=True,
        label_visibility="collapsed",
    )
    state["latent-source-kept"] = source
    if source == TEST and data is not None:
        return choose_test(data, "latent-test", "test", 0, arrived)
    if source == DRAW:
        return _drawn()
    if source == CAMERA:
        shot = st.camera_input(tr("Take a picture"), key="latent-camera")
        given = read_uploads("latent-camera", [shot] if shot else [])
    else:
        file = st.file_uploader(
            tr("Drop a picture"),
            type=list(ENDINGS),
            key="latent-upload",
            max_upload_size=math.ceil(settings().max_file_mb),
            help=tr(
                f"{FORMATS_IN_WORDS}, of any size and colour: it is made into what the model "
                "takes. Kept in memory only."
            ),
        )
        given = read_uploads("latent-upload", [file] if file else [])
    return Choice(given[0].picture()) if given else Choice()


def choose_test(
    data: PictureData, key: str, parameter: str, first: int, arrived: bool, label: str = "Picture"
) -> Choice:
    """Some pictures of the test part to pick from, two of each class; any other by its number.

    first  which of those offered is chosen at first
    """
    from_address(parameter, lambda text: _place(text, len(data.test)), arrived, key)
    places = offered(data)
    chosen = st.session_state.get(key)
    if not isinstance(chosen, int) or chosen >= len(data.test):
        st.session_state[key] = places[first % len(places)]
    elif chosen not in places:
        places = [chosen, *places]
    place = st.pills(
        tr(label),
        places,
        format_func=lambda place: tr(f"![Picture {place}]({_thumbnail(data.digest, place, data)})"),
        key=key,
        required=True,
        persist_state="session",
        help=tr("Of the data set's test part, which the model was not trained on."),
    )
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
    if not 0 <= from_digits(text) < count:
        raise UnknownName(f'there is no test picture "{text}"; 0 to {count - 1} are there')
    return int(text)


@st.cache_data(max_entries=256, show_spinner=False)
def _thumbnail(digest: str, place: int, _data: PictureData) -> str:
    return png_address(read_picture(_data.test.pixels[place]), 28)


def _drawn() -> Choice:
    from dlexplain.ui.latent.pad import drawing

    data = drawing("latent-pad")
    st.caption(tr("Draw with the mouse or a finger; each stroke is read at once."))
    try:
        return Choice(read_picture(data, "drawing")) if data else Choice()
    except PictureError as error:
        st.error(literal(tr(str(error))), icon=":material/broken_image:")
        return Choice()


def first_other(data: PictureData, label: str) -> int:
    """The place among those offered of the first picture of another class."""
    names: Sequence[str] = [data.classes[int(data.test.labels[place])] for place in offered(data)]
    return next((place for place, name in enumerate(names) if name != label), 0)
