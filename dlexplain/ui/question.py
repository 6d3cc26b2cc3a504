"""The question's widgets on the picture page: which class, rather than which, by which methods."""

from collections.abc import Mapping

import streamlit as st

from dlexplain.results import Prediction
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.trained.catalogue import default
from dlexplain.ui import cache
from dlexplain.ui.address import from_address, to_address
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import ParamsOf, Request, asks_of, choose_methods, method_params
from dlexplain.ui.rather import choose_contrast, contrast_from_address

FIRST_METHODS = ("grad-cam", "integrated-gradients", "superpixel-ablation")


def ask(
    model: LoadedModel, picture: Picture, prediction: Prediction, arrived: bool
) -> Request | None:
    """The widgets; returns the request to show, the last one that was asked of this picture."""
    st.subheader("Why?")
    target, contrast = _classes(model, prediction, arrived)
    known = cache.methods(model.name)
    chosen = choose_methods(known, FIRST_METHODS, arrived)
    params = method_params(model.name, known, chosen, lambda name: cache.choices(model.name, name))
    wanted = _request(model, picture, target, contrast, chosen, params)
    if wanted is not None and wanted.target == wanted.contrast:
        st.error("The two classes are the same; choose another one to compare with.")
        wanted = None
    pressed = st.button(
        "Explain", type="primary", disabled=wanted is None, icon=":material/search:"
    )
    changed = st.empty()  # there in any case, so that what follows keeps its place on the page
    asked: Request | None = st.session_state.get("request")
    if wanted is not None and (pressed or asked is None or not _about(asked, model, picture)):
        asked = st.session_state["request"] = wanted
    elif wanted is not None and wanted != asked:
        changed.caption("Press Explain to answer the changed question; below is the last answer.")
    if not chosen:
        st.info("Choose at least one method.")
    return asked if asked is not None and _about(asked, model, picture) else None


def share(model: LoadedModel, of_picture: Mapping[str, str]) -> None:
    """Keep the question in the page's address."""
    state, titles = st.session_state, model.class_titles
    classes = {
        key: str(titles.index(state[key])) if state.get(key) in titles else state.get(key)
        for key in ("target", "contrast")
    }
    named = None if model.name == default(*model.tasks).name else model.name
    methods = ",".join(state.get("methods", []))
    to_address({"model": named, **of_picture, **classes, "methods": methods})


def _about(request: Request, model: LoadedModel, picture: Picture) -> bool:
    return (request.model, request.digest) == (model.name, picture.key)


def _classes(model: LoadedModel, prediction: Prediction, arrived: bool) -> tuple[int, int | None]:
    """Target and contrast as indices; what this model does not have falls back to none."""
    titles, state = list(model.class_titles), st.session_state
    from_address("target", lambda text: titles[model.find_class(text).index], arrived)
    state["target"] = state["target"] if state.get("target") in titles else None
    contrast_from_address("contrast", model, titles, arrived)
    best = prediction.scores[0].name
    why, rather = st.columns(2)
    target = why.selectbox(
        "Why this class",
        titles,
        index=None,
        placeholder=f"{best.label}, the most probable (or type any class)",
        key="target",
        persist_state="session",
        help=f"Any of {literal(model.class_list.title)}.",
    )
    chosen = best.index if target is None else titles.index(target)
    none = "No second class (or type any class)"
    return chosen, choose_contrast(rather, model, titles, chosen, "contrast", none)


def _request(
    model: LoadedModel,
    picture: Picture,
    target: int,
    contrast: int | None,
    chosen: list[str],
    params: ParamsOf,
) -> Request | None:
    if not chosen:
        return None
    asks = asks_of(cache.methods(model.name), chosen, params)
    return Request(model.name, picture.key, target, contrast, asks)
