"""What is asked of many pictures: by which method, beside which other model, and its job."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from dlexplain.language import shown_by, tr
from dlexplain.params import Value
from dlexplain.results import ExplainedFolder
from dlexplain.results.folders import ORDERS, Order
from dlexplain.services.jobs import Progress
from dlexplain.services.pictures.cards import TASK, rivals
from dlexplain.services.pictures.folder import explain_folder
from dlexplain.services.pictures.folder_work import has_truth
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import PictureFiles
from dlexplain.trained.catalogue import default
from dlexplain.ui import cache
from dlexplain.ui.address import from_address, one_of, to_address
from dlexplain.ui.fitting import WAYS
from dlexplain.ui.jobs import asked
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import method_params
from dlexplain.ui.pictures import OWN

METHOD, RIVAL, FIT, FIT_USUAL = "many-method", "many-rival", "many-fit", "many-fit-usual"
FIRST = "grad-cam"
MANY_PASSES = "many passes a picture"


@dataclass(frozen=True)
class What:
    """The method, and the name of the rival or ""."""

    method: str
    rival: str


@dataclass(frozen=True)
class Question:
    """All that decides the answers, as far as the page knows it.

    files   fingerprint of the pictures, and how many they are
    orders  in which the answers can be looked at
    """

    model: str
    what: What
    params: tuple[tuple[str, Value], ...]
    fit: str
    files: str
    count: int
    orders: tuple[Order, ...]


def choose_what(model: LoadedModel, arrived: bool) -> What:
    """The pickers of the method, those of one pass first, and of a second model."""
    state, known = st.session_state, cache.methods(model.name)
    from_address("method", one_of("method", known), arrived, METHOD)
    names = sorted(known, key=lambda name: not known[name].one_pass)
    state[METHOD] = state[METHOD] if state.get(METHOD) in known else _first(names)
    method = st.selectbox(
        tr("Map of each picture by"),
        names,
        format_func=lambda name: tr(
            known[name].title + ("" if known[name].one_pass else f", {MANY_PASSES}")
        ),
        key=METHOD,
        persist_state="session",
        help=tr(
            "Methods that take one pass a picture, which come first, explain many pictures in "
            "about the time of a forward and a backward pass of each."
        ),
    )
    return What(method, _rival(model, arrived))


def _first(names: list[str]) -> str:
    return FIRST if FIRST in names else names[0]


def _rival(model: LoadedModel, arrived: bool) -> str:
    state = st.session_state
    labels = [known.label for known in model.classes]
    offered = {entry.name: entry for entry in rivals(model.name, labels, OWN.names())}
    from_address("rival", one_of("model of the same classes", offered), arrived, RIVAL)
    state[RIVAL] = state[RIVAL] if state.get(RIVAL) in offered else None
    chosen = st.selectbox(
        tr("Compare with"),
        list(offered),
        index=None,
        format_func=lambda name: tr(offered[name].title),
        key=RIVAL,
        persist_state="session",
        placeholder=tr("No second model") if offered else tr("No other model of these classes"),
        disabled=not offered,
        help=tr(
            "A second model of the same classes: where the two disagree, one of them is wrong."
        ),
    )
    return chosen or ""


def choose_settings(model: LoadedModel, what: What, files: PictureFiles | None) -> Question | None:
    """The method's parameters and how pictures are fitted; the question, where there are
    pictures."""
    known = cache.methods(model.name)
    params = method_params(
        model.name, known, [what.method], lambda name: cache.choices(model.name, name)
    )
    fit = _fit(model)
    if files is None:
        return None
    truth = has_truth(model, files)
    without = {"" if what.rival else "disagreement", "" if truth else "wrong"}
    return Question(
        model.name,
        what,
        tuple(params[what.method].items()),
        fit,
        files.fingerprint,
        len(files.files),
        tuple(order for order in ORDERS if order not in without),
    )


def _fit(model: LoadedModel) -> str:
    state, usual = st.session_state, model.spec.preprocessing.fit
    # What nobody has changed becomes what the next model was trained with.
    if state.get(FIT) in (None, state.get(FIT_USUAL)):
        state[FIT] = usual
    state[FIT_USUAL] = usual
    return (
        st.segmented_control(
            tr("Into the model's square"),
            list(WAYS),
            format_func=shown_by(WAYS.__getitem__),
            key=FIT,
            required=True,
            persist_state="session",
            help=tr(
                "Crop takes the square in the middle, pad shows all with bars of the model's mean "
                "colour, squash shows all out of proportion."
            ),
        )
        or usual
    )


def start(
    slot: str,
    model: LoadedModel,
    files: PictureFiles | None,
    question: Question | None,
    at_once: bool = False,
) -> None:
    """The button, and the job that it starts; answers of an earlier attempt are gone on with.

    at_once  start it unasked, where it has not been
    """
    count = 0 if files is None else len(files.files)
    plural = "" if count == 1 else "s"
    pressed = st.button(
        tr(f"Explain {count:,d} picture{plural}") if count else tr("Explain"),
        type="primary",
        disabled=question is None,
        icon=":material/play_arrow:",
    )
    unasked = at_once and slot not in st.session_state
    if not (pressed or unasked) or question is None or files is None:
        return
    so_far: list[ExplainedFolder] = []
    params: dict[str, Any] = dict(question.params)

    def work(progress: Progress) -> ExplainedFolder:
        return explain_folder(
            model,
            files,
            question.what.method,
            rival=question.what.rival or None,
            fit=question.fit,
            progress=progress,
            tell=partial(_keep, so_far),
            **params,
        )

    asked(slot, question, "Many pictures", work, anew=True, so_far=so_far)


def _keep(so_far: list[ExplainedFolder], now: ExplainedFolder) -> None:
    so_far[:] = [now]


def waits(before: Question) -> str:
    """What is said where the question has changed since."""
    return (
        f"Press Explain to answer the changed question; below are the answers to the last one, of "
        f"{before.count:,d} pictures by {literal(before.model)}."
    )


def share(model: LoadedModel, what: What) -> None:
    """Keep the question in the page's address."""
    named = None if model.name == default(TASK).name else model.name
    method = None if what.method == FIRST else what.method
    to_address({"model": named, "method": method, "rival": what.rival})
