"""Inside a network: its layers, what each puts out, what it sees, and single steps in numbers."""

from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import shown_by, tr
from dlexplain.services.pictures.cards import TASK
from dlexplain.ui.address import from_address, read_view, to_address
from dlexplain.ui.markdown import literal
from dlexplain.ui.models import choose_model
from dlexplain.ui.pictures import OWN

if TYPE_CHECKING:
    from dlexplain.trained.catalogue import ModelEntry
    from dlexplain.ui.layers.choice import Kept
    from dlexplain.ui.pictures import Choice

VIEWS = {
    "architecture": "Architecture",
    "maps": "Feature maps",
    "channel": "A channel",
    "field": "Receptive field",
    "steps": "Convolution",
    "cell": "Recurrent cell",
    "head": "Attention head",
}
READERS = ("cell", "head")  # views of models that read texts
OF_PICTURE = ("maps", "field", "steps")  # views that need a picture
VIEW = "layers-view"


def main() -> None:
    st.title(tr("Inside a network"))
    opened = VIEW not in st.session_state
    from_address("view", lambda name: read_view(name, VIEWS), opened, VIEW)
    st.session_state.setdefault(VIEW, "architecture")
    view = st.segmented_control(
        tr("View"),
        list(VIEWS),
        format_func=shown_by(VIEWS.__getitem__),
        key=VIEW,
        required=True,
        label_visibility="collapsed",
    )
    view = view or "architecture"
    try:
        kept = _words(view, opened) if view in READERS else _pictures(view, opened)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    to_address({"view": view, **kept})


def _words(view: str, opened: bool) -> "Kept":
    with st.spinner(tr("Loading…")):
        from dlexplain.ui.layers.cell import show_cell
        from dlexplain.ui.layers.head import show_head

    return show_cell(opened) if view == "cell" else show_head(opened)


def _pictures(view: str, opened: bool) -> "Kept":
    entry = choose_model([TASK], "model", opened, own=OWN)
    if entry is None:
        return {}
    if view not in OF_PICTURE:
        return {"model": entry.name, **_of_model(view, entry, opened)}
    from dlexplain.ui.layers.picture import choose

    choice = choose(entry, opened)
    if choice.picture is None:
        st.info(tr("Drop a picture above, or open **Samples**."), icon=":material/arrow_upward:")
        return {"model": entry.name}
    return {"model": entry.name, **choice.address, **_of_choice(view, entry, choice, opened)}


def _of_model(view: str, entry: "ModelEntry", opened: bool) -> "Kept":
    with st.spinner(tr("Loading…")):  # torch is imported from here on
        from dlexplain.ui.layers.architecture import show_architecture
        from dlexplain.ui.layers.channel import show_channel
    if view == "channel":
        return show_channel(entry, opened)
    show_architecture(entry.name)
    return {}


def _of_choice(view: str, entry: "ModelEntry", choice: "Choice", opened: bool) -> "Kept":
    with st.spinner(tr("Loading…")):
        from dlexplain.ui.layers.field import show_field
        from dlexplain.ui.layers.maps import show_maps
        from dlexplain.ui.layers.steps import show_steps
    assert choice.picture is not None
    show = {"maps": show_maps, "field": show_field, "steps": show_steps}[view]
    return show(entry.name, choice.picture, opened)


main()
