"""The question's widgets on the picture page: which class, rather than which, by which methods."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from dlexplain.language import tr
from dlexplain.registry import Registry
from dlexplain.results import ClassName, Prediction
from dlexplain.services.explaining import MethodInfo
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.trained.catalogue import default
from dlexplain.ui import cache
from dlexplain.ui.address import from_address, to_address
from dlexplain.ui.glossary import glossary
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import ADDED, Request, asks_of, choose_methods, method_params
from dlexplain.ui.rather import choose_contrast, contrast_from_address

FIRST_METHODS = ("grad-cam", "integrated-gradients", "superpixel-ablation")


def ask(
    model: LoadedModel,
    picture: Picture,
    prediction: Prediction,
    arrived: bool,
    first: Sequence[str] = FIRST_METHODS,
    known: Registry[MethodInfo] | None = None,
    choices: Callable[[str], Mapping[str, tuple[str, ...]]] | None = None,
    own: ClassName | None = None,
) -> Request | None:
    """The widgets; returns the request to show, the last one that was asked of this picture.

    first    the methods chosen at first
    known, choices  the methods that the model allows, and what parameters of one accept, where the
             model is none of those that are found by their names
    own      the class of the box or the region, which is explained where no other is chosen; else
             it is the most probable one
    """
    st.subheader(tr("Why?"), help=glossary("attribution", "baseline", "logit"))
    target, contrast = _classes(model, prediction, arrived, own)
    known = known or cache.methods(model.name)
    chosen = choose_methods(known, first, arrived, model=model.name)
    accepted = choices or (lambda name: cache.choices(model.name, name))
    params = method_params(model.name, known, chosen, accepted)
    wanted = None
    if chosen:
        asks = asks_of(known, chosen, params)
        wanted = Request(model.name, _digest(model, picture), target, contrast, asks)
    if wanted is not None and wanted.target == wanted.contrast:
        st.error(tr("The two classes are the same; choose another one to compare with."))
        wanted = None
    pressed = st.button(
        tr("Explain"), type="primary", disabled=wanted is None, icon=":material/search:"
    )
    pressed |= st.session_state.pop(ADDED, "") == "methods"  # not what another page's button chose
    changed = st.empty()  # there in any case, so that what follows keeps its place on the page
    asked: Request | None = st.session_state.get("request")
    if wanted is not None and (pressed or asked is None or not _about(asked, model, picture)):
        asked = st.session_state["request"] = wanted
    elif wanted is not None and wanted != asked:
        changed.caption(
            tr("Press Explain to answer the changed question; below is the last answer.")
        )
    if not chosen:
        st.info(tr("Choose at least one method."))
    return asked if asked is not None and _about(asked, model, picture) else None


def share(model: LoadedModel, of_picture: Mapping[str, str]) -> None:
    """Keep the question in the page's address."""
    named = None if model.name == default(*model.tasks).name else model.name
    to_address({"model": named, **of_picture, **question_address(model)})


def question_address(model: LoadedModel) -> dict[str, str | None]:
    """What in the page's address stands for the classes and methods."""
    state, titles = st.session_state, model.class_titles
    classes = {
        key: str(titles.index(state[key])) if state.get(key) in titles else state.get(key)
        for key in ("target", "contrast")
    }
    return {**classes, "methods": ",".join(state.get("methods", []))}


def _digest(model: LoadedModel, picture: Picture) -> str:
    """Of what the question is about: of a part of an answer also of which."""
    return picture.key + model.part


def _about(request: Request, model: LoadedModel, picture: Picture) -> bool:
    return (request.model, request.digest) == (model.name, _digest(model, picture))


def _classes(
    model: LoadedModel, prediction: Prediction, arrived: bool, own: ClassName | None
) -> tuple[int, int | None]:
    """Target and contrast as indices; what this model does not have falls back to none."""
    titles, state = list(model.class_titles), st.session_state
    from_address("target", lambda text: titles[model.find_class(text).index], arrived)
    state["target"] = state["target"] if state.get("target") in titles else None
    contrast_from_address("contrast", model, titles, arrived)
    best = own or prediction.scores[0].name
    told = f"{best.label}, {'its own' if own else 'the most probable'} (or type any class)"
    target = st.selectbox(
        tr("Why this class"),
        titles,
        index=None,
        placeholder=tr(told),
        key="target",
        persist_state="session",
        help=tr(f"Any of {literal(model.class_list.title)}."),
    )
    chosen = best.index if target is None else titles.index(target)
    none = "No second class (or type any class)"
    return chosen, choose_contrast(st.container(), model, titles, chosen, "contrast", none)
