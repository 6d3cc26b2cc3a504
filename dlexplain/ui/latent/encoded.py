"""The data set as the model knows it: a job the first time, then kept by the server."""

from typing import Any

import streamlit as st

from dlexplain.language import tr
from dlexplain.results import EncodedPictures
from dlexplain.services.latent.map import encode_data, kept_pictures_of
from dlexplain.services.latent.models import LatentModel
from dlexplain.ui.jobs import Asked, asked, result_of, show_live

SLOT = "latent-encoded"
READING = "Reading the data set…"


def encoded_pictures(model: LatentModel, path: str) -> EncodedPictures | None:
    """Codes and errors of the data set's pictures; None while they are being found, with
    progress, or where they cannot be."""
    found = kept_pictures_of(model, path)
    if found is not None:
        return found
    work = asked(
        SLOT,
        (model.fingerprint, path),
        "Encoding the data set",
        lambda progress: encode_data(model, path, progress),
    )
    if work.job.result is not None:
        return work.job.result
    show_live(_show, work)
    return None


def _show(work: Asked[EncodedPictures]) -> None:
    if work.job.result is not None:
        st.rerun()  # the whole page goes on with it
    st.caption(tr("The model looks at the data set's pictures, once."))
    result_of(work, "pictures", starting=READING)


def clicked(event: Any) -> int | None:
    """The place that the first selected point has as its customdata; None where none is chosen."""
    for point in event["selection"]["points"] if event else []:
        place = point.get("customdata")
        place = place[0] if isinstance(place, list) and place else place
        if isinstance(place, int | float):
            return int(place)
    return None
