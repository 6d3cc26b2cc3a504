"""What a channel is for: the pictures that excite it most, and the one that it would like best."""

import io
from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from dlexplain.figures.layers import plot_activation_maximisation, top_activation_tile
from dlexplain.figures.overlay import enlarged
from dlexplain.language import tr
from dlexplain.params import specs
from dlexplain.results import ActivationMaximisation, TopActivations
from dlexplain.services.jobs import Progress
from dlexplain.services.layers.activation_maximisation import Params, maximise_activation
from dlexplain.services.layers.top_activations import top_activations
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sets import PictureSet, picture_sets
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui import cache as models
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.data_path import ask_path, find_own
from dlexplain.ui.forms import params_form
from dlexplain.ui.glossary import glossary
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.layers import cache
from dlexplain.ui.layers.choice import Kept, choose_channel, choose_layer, middle_active
from dlexplain.ui.layers.maps import show_tiles
from dlexplain.ui.live import PROGRESS_SECONDS, live
from dlexplain.ui.markdown import literal

TOP, MAXIMISED = "layers-top", "layers-maximised"
COUNT = 12
SIDE = 280


def show_channel(entry: ModelEntry, opened: bool) -> Kept:
    """The view; returns what of it is to be in the address."""
    layer = choose_layer(cache.layers(entry.name), opened, first=middle_active)
    channel = choose_channel(entry.name, layer, opened)
    _top(entry, layer.name, channel)
    _maximised(entry.name, layer.name, channel)
    return {"layer": layer.name, "channel": str(channel)}


def _top(entry: ModelEntry, layer: str, channel: int) -> None:
    st.subheader(tr("Top activations"))
    path, missing = find_own(entry)
    sets = {known.name: known for known in picture_sets(entry, path)}
    state = st.session_state
    if state.get("layers-set") not in sets or state.get("layers-set-of") != tuple(sets):
        state["layers-set"] = next(iter(sets))  # of other sets, the one that suits best again
    state["layers-set-of"] = tuple(sets)
    chosen = sets[
        st.selectbox(
            tr("Among"),
            list(sets),
            format_func=lambda name: tr(sets[name].title),
            key="layers-set",
            persist_state="session",
        )
    ]
    if missing:
        ask_path(*missing, "Until then only other pictures can be searched through.")
    question = (entry.name, layer, channel, chosen.name, path)
    model = models.model(entry.name)
    found = asked(TOP, question, "Searching", partial(_search, model, question, chosen))
    show_live(_show_top, found)


def _search(
    model: LoadedModel,
    question: tuple[str, str, int, str, str],
    chosen: PictureSet,
    progress: Progress,
) -> TopActivations:
    _, layer, channel, *_ = question
    return top_activations(model, chosen.load(), layer, channel, COUNT, progress, chosen.title)


def _show_top(found: Asked[TopActivations]) -> None:
    result = result_of(found, "pictures")
    if result is None:
        return
    show_tiles([top_activation_tile(best) for best in result.best], 128)
    before = result.measured != result.layer
    where = f" of {result.measured}, before the activation function" if before else ""
    st.caption(
        tr(
            f"Of {len(result.activations):,}: {literal(result.set)}. Below each, the channel's "
            "largest "
            f"value at any place{where}, by which they are ordered, then its mean over all places"
            f"{f' of {result.layer}' if before else ''}. The frame is what the unit with the "
            "largest "
            f"value saw. Largest values are {result.activations.mean():.3g} on average of all "
            "pictures."
        )
    )


def _maximised(name: str, layer: str, channel: int) -> None:
    st.subheader(tr("Activation maximisation"), help=glossary("activation maximisation"))
    st.caption(
        tr(
            "Made by gradient ascent from grey: activation maximisation, kept natural as in Olah "
            "et "
            "al., [Feature Visualization](https://doi.org/10.23915/distill.00007), 2017."
        )
    )
    with st.expander(tr("How it is made"), icon=":material/tune:"):
        params = params_form("layers-maximised", specs(Params), {})
    question = (name, layer, channel, tuple(params.items()))
    known: Asked[ActivationMaximisation] | None = st.session_state.get(MAXIMISED)
    if st.button(tr("Make it"), type="primary", icon=":material/brush:", key="layers-make"):
        pictures: list[NDArray[np.uint8]] = []
        work = partial(_make, models.model(name), question, pictures)
        known = asked(MAXIMISED, question, "Gradient ascent", work, anew=True, so_far=pictures)
    if known is None:
        return
    if known.question != question:
        model, of, number = known.question[:3]
        st.caption(
            tr(
                f"Below is channel {number} of {literal(of)} of {literal(model)}; press the "
                "button for "
                "what is chosen now."
            )
        )
    show_live(_show_maximised, known)


def _make(
    model: LoadedModel,
    question: tuple[str, str, int, tuple[tuple[str, Any], ...]],
    pictures: list[NDArray[np.uint8]],
    progress: Progress,
) -> ActivationMaximisation:
    _, layer, channel, params = question
    return maximise_activation(model, layer, channel, progress, pictures.append, **dict(params))


def _show_maximised(found: Asked[ActivationMaximisation]) -> None:
    result: ActivationMaximisation | None = found.job.result
    if result is None:
        _show_so_far(found)
        result_of(found, "steps")
        return
    left, right = st.columns([1, 2], vertical_alignment="center")
    left.image(
        enlarged(result.picture),
        width=SIDE,
        caption=tr(f"Channel {result.channel} of {literal(result.layer)}"),
        alt=tr(f"What channel {result.channel} of {result.layer} is most active on"),
    )
    with right:
        whole = result.unit == "channel"
        what = "The channel's mean over all places" if whole else "The channel's unit in the middle"
        st.markdown(
            tr(
                f"{what} is **{result.activation:.3g}** on this picture; on {len(result.noise)} "
                f"pictures of random pixels {result.noise.mean():.3g} on average, "
                f"{result.noise.max():.3g} at most."
            )
        )
        if not result.is_clear:
            st.info(tr(_no_clearer(whole)))
        chart(plot_activation_maximisation(result), "layers-curve")
    before = (
        f" The curve is of {result.raised}, which goes into {result.layer}: where an activation "
        "function is flat there is no gradient to climb."
        if result.raised != result.layer
        else ""
    )
    st.caption(tr(f"{len(result.curve):,} steps in {result.seconds:.1f} s.{before}"))
    download(
        "PNG",
        partial(_png, result.picture),
        f"{result.model}-{result.layer}-{result.channel}.png",
        "layers-png",
    )


def _show_so_far(found: Asked[ActivationMaximisation]) -> None:
    pictures: list[NDArray[np.uint8]] = found.so_far

    def draw() -> None:
        if pictures:
            now = enlarged(pictures[-1])
            st.image(now, width=SIDE, caption=tr("So far."), alt=tr("The picture so far"))

    live(draw, lambda: len(pictures), lambda: found.job.active, PROGRESS_SECONDS)


def _no_clearer(whole: bool) -> str:
    told = "That is not clearly above random pixels, so the picture says little about the channel: "
    if whole:
        return told + (
            "such a mean may hardly depend on what is in the picture. Under **How it is made** "
            "choose the unit in the middle instead, or take a later layer above."
        )
    return told + "a later layer, or the channel's mean over all places, may say more."


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(enlarged(pixels)).save(buffer, "PNG")
    return buffer.getvalue()
