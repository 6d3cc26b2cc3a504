"""What the numbers mean that a picture becomes, and the pictures that numbers become."""

from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import tr
from dlexplain.ui.address import to_address
from dlexplain.ui.glossary import glossary
from dlexplain.ui.latent.choice import arrived, choose_latent_model, choose_view, find_data
from dlexplain.ui.latent.pictures import Choice, choose_picture
from dlexplain.ui.markdown import literal

if TYPE_CHECKING:
    from dlexplain.services.latent.models import LatentModel
    from dlexplain.services.pictures.data import PictureData

Kept = dict[str, str | None]
NEEDS_DATA = {"map", "classes"}


def main() -> None:
    st.title(tr("Latent space"), help=glossary("latent space"))
    opened = arrived()
    entry = choose_latent_model(opened)
    if entry is None:
        return
    view = choose_view(entry, opened)
    data, path = find_data(entry)
    takes_picture = entry.task != "gan" and view != "samples"
    choice = choose_picture(data, opened) if takes_picture else Choice()
    with st.spinner(tr("Loading…")):  # torch is imported from here on
        from dlexplain.ui.latent import cache
    kept: Kept = {}
    try:
        model = cache.model(entry.name)
        if data is None and view in NEEDS_DATA:
            st.info(tr("This takes the data set that the model was trained on, which is not here."))
        elif takes_picture and choice.picture is None:
            st.info(
                tr("Upload, photograph or draw a picture above; it then goes through the model.")
            )
        else:
            kept = show(view, model, choice, data, path, opened)
    except DlexplainError as error:
        st.error(literal(tr(error)))
    to_address({"model": entry.name, "view": view, **choice.address, **kept})


def show(
    view: str,
    model: "LatentModel",
    choice: Choice,
    data: "PictureData | None",
    path: str,
    opened: bool,
) -> Kept:
    """The view; returns what of it is to be in the address."""
    picture = choice.picture
    if view == "samples":
        from dlexplain.ui.latent.samples import show_samples

        return show_samples(model, path, data, opened)
    if picture is None:
        from dlexplain.ui.latent.between import show_walk

        return show_walk(model, opened)
    if view == "between":
        from dlexplain.ui.latent.between import show_between

        return show_between(model, picture, choice.label, data, opened)
    if view == "reconstruct":
        from dlexplain.ui.latent.reconstruct import show_reconstruction

        show_reconstruction(model, picture, path, data is not None)
    elif view == "map":
        from dlexplain.ui.latent.map import show_map

        show_map(model, picture, path)
    elif view == "dimensions":
        from dlexplain.ui.latent.dimensions import show_dimensions

        show_dimensions(model, picture, path, data is not None)
    else:
        from dlexplain.ui.latent.classes import show_classes

        show_classes(model, picture, choice.label, path)
    return {}


main()
