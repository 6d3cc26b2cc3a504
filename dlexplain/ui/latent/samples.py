"""Pictures of random numbers, and one of them looked at closely."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from dlexplain.errors import BadInput, DlexplainError
from dlexplain.figures.latent_sheets import plot_samples, png, sheet
from dlexplain.language import tr
from dlexplain.params import Value, as_dict, from_digits, parse, specs
from dlexplain.results import Samples
from dlexplain.services.latent.discriminator import discriminator_score
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.latent.sampling import class_place
from dlexplain.services.latent.sampling_settings import SamplingParams
from dlexplain.services.pictures.data import PictureData
from dlexplain.ui.address import from_address
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.forms import params_form
from dlexplain.ui.latent import cache
from dlexplain.ui.latent.closer import logit_text, show_nearest, show_one, show_why
from dlexplain.ui.latent.encoded import clicked
from dlexplain.ui.markdown import literal

CHOSEN, GRID = "latent-sample", "latent-grid"
ALL = "all by turns"


def show_samples(
    model: LatentModel, path: str, data: PictureData | None, arrived: bool
) -> dict[str, str | None]:
    """The view; returns what of it is to be in the address."""
    params = params_form("latent", specs(SamplingParams), {}, _given(arrived))
    label = _class(model, arrived)
    count, seed = int(params["count"]), int(params["seed"])
    try:
        found = cache.samples(model.name, label, count, seed, float(params["truncation"]))
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return {}
    left, right = st.columns([3, 2], gap="medium")
    with left:
        place = _grid(found, arrived)
        _downloads(found)
    adversarial = model.task == "gan"
    none = np.zeros(0, np.float32)
    with right:
        logits = discriminator_score(model, found.pixels, found.labels) if adversarial else none
        show_one(model, found, place, logits)
        if adversarial and data is not None:
            real = cache.real_logits(model.fingerprint, path, model, data)
            st.caption(
                tr(f"The median of real test pictures is {logit_text(float(np.median(real)))}.")
            )
    left, right = st.columns(2, gap="medium")
    with left:
        show_nearest(model, found, place, path, data is not None)
    if adversarial:
        with right:
            show_why(model, found, place)
    defaults = as_dict(SamplingParams())
    kept = {key: str(value) for key, value in params.items() if value != defaults[key]}
    return {**kept, "class": label or None, "picture": str(place + 1)}


def _given(arrived: bool) -> Mapping[str, Value]:
    """Settings that the address has, kept for as long as the page is open."""
    if arrived:
        names = specs(SamplingParams)
        wanted = {key: st.query_params[key] for key in names if key in st.query_params}
        try:
            parsed = as_dict(parse(SamplingParams, wanted))
            st.session_state["latent-given"] = {key: parsed[key] for key in wanted}
            for key in wanted:  # the address counts more than an earlier visit
                st.session_state.pop(f"param-latent-{key}", None)
        except BadInput as error:
            st.warning(tr(f"The address asks for something that cannot be: {literal(error)}"))
            st.session_state["latent-given"] = {}
    found: Mapping[str, Value] = st.session_state.get("latent-given", {})
    return found


def _class(model: LatentModel, arrived: bool) -> str:
    if not model.asked:
        return ""
    key = f"latent-class-{model.name}"
    from_address("class", lambda text: model.asked[class_place(model.asked, text)], arrived, key)
    chosen = st.selectbox(
        tr("Class"),
        [ALL, *model.asked],
        key=key,
        persist_state="session",
        help=tr("What the generator is asked for."),
        format_func=tr,
    )
    return "" if chosen == ALL else str(chosen)


def _grid(found: Samples, arrived: bool) -> int:
    """The pictures; returns the place of the one that is looked at."""
    count = len(found.pixels)
    from_address("picture", lambda text: _picture(text, count), arrived, CHOSEN)
    chosen = st.session_state.get(CHOSEN)
    st.session_state[CHOSEN] = min(chosen, count) if isinstance(chosen, int) else 1
    # A key for each question: a selection belongs to the pictures that were shown.
    key = (
        f"{GRID}-{found.model}-{found.seed}-{count}-{found.truncation}-{found.labels[:2].tolist()}"
    )

    def look() -> None:
        place = clicked(st.session_state.get(key))
        if place is not None and place < count:
            st.session_state[CHOSEN] = place + 1

    chart(
        plot_samples(found, st.session_state[CHOSEN] - 1),
        key,
        on_select=look,
        selection_mode="points",
    )
    return int(
        st.number_input(
            tr("Look closer at picture"), 1, count, key=CHOSEN, persist_state="session",
            help=tr("Its number, row by row; or click on it."),
        )
    ) - 1  # fmt: skip


def _picture(text: str, count: int) -> int:
    if not 1 <= from_digits(text) <= count:
        raise BadInput(f'there is no picture "{text}"; 1 to {count} are there')
    return int(text)


def _downloads(found: Samples) -> None:
    with st.container(horizontal=True):
        download(
            "PNG",
            lambda: png(sheet(found.pixels)),
            f"{found.model}-samples.png",
            "latent-samples-png",
        )
        download(
            "JSON",
            found.to_dict,
            f"{found.model}-samples.json",
            "latent-samples-json",
            "The random numbers, and what it takes to repeat them.",
        )
