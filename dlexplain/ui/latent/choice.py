"""Choosing a model that makes pictures, and what of it is looked at; no torch here."""

from collections.abc import Mapping

import streamlit as st

from dlexplain.errors import DataError
from dlexplain.language import Later, shown_by, tr
from dlexplain.services.pictures.data import PictureData, load_pictures
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, read_view
from dlexplain.ui.data_path import ask_path, given_path
from dlexplain.ui.models import choose_model

MODEL = "latent-model"
VIEWS: Mapping[str, Mapping[str, str]] = {
    "autoencode": {
        "reconstruct": "Reconstruct",
        "map": "Map",
        "dimensions": "Dimensions",
        "between": "Between two",
        "classes": "Class arithmetic",
    },
    "vae": {
        "reconstruct": "Reconstruct",
        "map": "Map",
        "dimensions": "Dimensions",
        "between": "Between two",
        "classes": "Class arithmetic",
        "samples": "Samples",
    },
    "gan": {"samples": "Samples", "between": "Latent walk"},
}
"""By the task of the model."""


def arrived() -> bool:
    """Whether the page has just been opened: its picker of views is not remembered."""
    return not any(str(key).startswith("latent-view-") for key in st.session_state)


def choose_latent_model(arrived: bool) -> ModelEntry | None:
    """The picker; None where there is no model."""
    return choose_model(
        list(VIEWS),
        MODEL,
        arrived,
        help="A lower error or Fréchet distance and a higher ELBO are better, and comparable only "
        "on the same data.",
    )


def choose_view(entry: ModelEntry, arrived: bool) -> str:
    """What is looked at; the same for another model where that has it too."""
    state, views = st.session_state, VIEWS[entry.task]
    from_address("view", lambda name: read_view(name, views), arrived, "latent-view")
    kept = state.get("latent-view")
    chosen = st.segmented_control(
        tr("View"),
        list(views),
        default=kept if kept in views else next(iter(views)),
        format_func=shown_by(views.__getitem__),
        key=f"latent-view-{entry.task}",
        required=True,
        label_visibility="collapsed",
    )
    state["latent-view"] = chosen or next(iter(views))
    return str(state["latent-view"])


@st.cache_resource(max_entries=2, show_spinner=Later("Reading the data set…"))
def _data(name: str, params: tuple[tuple[str, object], ...], path: str) -> PictureData:
    return load_pictures(name, dict(params), path)  # type: ignore[arg-type]


def find_data(entry: ModelEntry) -> tuple[PictureData | None, str]:
    """The data set that the model was trained on, and the path that was given for it.

    Where it is not here, says how to get it and asks for a path.
    """
    path = given_path(entry.data)
    params = tuple(sorted(entry.data_params.items()))
    try:
        return _data(entry.data, params, path), path
    except DataError as error:
        ask_path(
            entry.data,
            str(error),
            "Without it there are no test pictures, no map and no nearest training pictures; all "
            "else works.",
        )
        return None, path
