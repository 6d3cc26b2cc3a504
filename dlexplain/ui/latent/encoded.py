"""The data set as the model knows it: a job the first time, then kept by the server."""

import streamlit as st

from dlexplain.results import EncodedPictures
from dlexplain.services.latent.map import encode_data, kept_pictures_of
from dlexplain.services.latent.models import LatentModel
from dlexplain.ui.jobs import Asked, asked, show_end, show_live
from dlexplain.ui.progress import show_progress

SLOT = "latent-encoded"


def encoded_pictures(model: LatentModel, path: str) -> EncodedPictures | None:
    """Codes and errors of the data set's pictures; None while they are being found, with
    progress, or where they cannot be."""
    found = kept_pictures_of(model, path)
    if found is not None:
        return found
    work = asked(
        SLOT, (model.fingerprint, path), "Encoding the data set",
        lambda progress: encode_data(model, path, progress),
    )  # fmt: skip
    if work.job.result is not None:
        result: EncodedPictures = work.job.result
        return result
    show_live(_show, work)
    return None


def show_pictures(work: Asked, key: str) -> None:
    """Progress of a job that reads a data set, then looks at its pictures."""
    show_progress(work.job, key, "pictures", starting="Reading the data set…")


def _show(work: Asked) -> None:
    if work.job.result is not None:
        st.rerun()  # the whole page goes on with it
    st.caption("The model looks at the data set's pictures, once.")
    if work.job.active:
        show_pictures(work, SLOT)
        return
    show_end(work)
    if work.job.state in ("failed", "cancelled") and st.button(
        "Try again", icon=":material/refresh:", key=f"{SLOT}-again"
    ):
        st.session_state.pop(SLOT, None)
        st.rerun()
