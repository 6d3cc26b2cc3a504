"""Choosing a model with attention, and how to look at it; no torch here."""

from collections.abc import Mapping

import streamlit as st

from dlexplain.language import shown_by, tr
from dlexplain.services.pictures.cards import TASK as PICTURES
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, one_of, whole_number
from dlexplain.ui.models import choose_model
from dlexplain.ui.own_models import Own
from dlexplain.ui.pictures import WITHOUT_PATCHES
from dlexplain.ui.texts.choice import NOT_ATTENDING, TASK

MODEL, VIEW, LAYER, HEAD = "attending", "attention", "layer", "head"
OF, TEXT, PICTURE = "of", "text", "picture"
PICTURE_MODEL = "model"
MARKS, WINDOW, FOCUS, HEADS = "marks", "window", "focus", "heads"
"""Keys of the widgets, and in the address."""
VIEWS = {
    "all": ":material/grid_view: All heads",
    "head": ":material/center_focus_strong: One head",
    "overlaid": ":material/layers: Heads overlaid",
    "rollout": ":material/stacked_line_chart: Rollout",
    "numbers": ":material/bar_chart: Entropy and distance",
}
SHOWN, HIDDEN = "shown", "hidden"
MOST = 1_000_000
"""Of a number in the address; what the text does not have becomes the nearest that it has."""
MOST_STEPS = 40
"""Windows up to which a slider is fine enough."""


def _load(name: str) -> None:
    """Raises DlexplainError where it cannot be shown here."""
    from dlexplain.services.texts.attention import check_model
    from dlexplain.ui.texts import cache as text_cache  # torch is imported from here on

    check_model(text_cache.text_model(name))


def _load_pictures(name: str) -> None:
    """Likewise of a picture classifier."""
    from dlexplain.services.pictures.attention import check_model
    from dlexplain.ui import cache

    check_model(cache.model(name))


OWN_PICTURES = Own(
    PICTURES, _load_pictures, lambda name: name not in st.session_state.get(WITHOUT_PATCHES, set())
)
OWN = Own(TASK, _load, lambda name: name not in st.session_state.get(NOT_ATTENDING, set()))


def choose_kind(arrived: bool) -> str:
    """TEXT or PICTURE."""
    from_address(OF, one_of("kind of input", (TEXT, PICTURE)), arrived)
    if arrived and OF not in st.query_params:
        # An address that names a picture or its model is of one.
        asks = {"sample", "test", PICTURE_MODEL} & set(st.query_params)
        st.session_state[OF] = PICTURE if asks else st.session_state.get(OF, TEXT)
    st.session_state.setdefault(OF, TEXT)
    kind = st.segmented_control(
        tr("Of"),
        (TEXT, PICTURE),
        format_func=shown_by(
            {
                TEXT: ":material/notes: Text",
                PICTURE: ":material/image: Picture",
            }.__getitem__
        ),
        key=OF,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    return kind or TEXT


def choose_attending(arrived: bool) -> ModelEntry | None:
    """The picker; None where no model is there.

    A user's own are those that this page or the one on texts was given, and the address.
    """
    entry = choose_model(
        [TASK],
        MODEL,
        arrived,
        parameter=MODEL,
        shows="attention",
        own=OWN,
        help="Those with attention; what a translator attends to is on the page **Translation**.",
    )
    OWN.ask(MODEL)
    return entry


def choose_view(arrived: bool, key: str = VIEW, views: Mapping[str, str] = VIEWS) -> str:
    """How to look at it; key  of the widget, and its name in the address."""
    from_address(key, one_of("view", views), arrived)
    st.session_state.setdefault(key, "all")
    view = st.segmented_control(
        tr("View"),
        list(views),
        format_func=shown_by(views.__getitem__),
        key=key,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    return view or "all"


def choose_marks(there: bool, arrived: bool) -> bool:
    """Whether marks are hidden; there  whether the model puts any."""
    from_address(MARKS, lambda text: one_of("marks", (SHOWN, HIDDEN))(text) == HIDDEN, arrived)
    wanted = st.toggle(
        tr("Hide special tokens"),
        key=MARKS,
        persist_state="session",
        disabled=not there,
        help=tr(
            "Leaves out [CLS], [SEP] and the like, at which many heads look when they find "
            "nothing to look at; what is left of each row sums to 1 again."
        ),
    )
    return bool(wanted and there)


def choose_window(count: int, arrived: bool) -> int:
    """Which stretch of a text that is read in several, from 1."""
    from_address(WINDOW, whole_number(WINDOW, 1, MOST), arrived)
    state = st.session_state
    state[WINDOW] = min(max(1, state.get(WINDOW, 1)), count)
    if count == 1:
        return 1
    if count > MOST_STEPS:
        return int(st.number_input(tr("Window"), 1, count, key=WINDOW, persist_state="session"))
    return int(st.slider(tr("Window"), 1, count, key=WINDOW, persist_state="session"))
