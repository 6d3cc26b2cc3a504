"""A defence by preprocessing: what to try, the job, and what it found."""

from dataclasses import dataclass

import streamlit as st

from dlexplain.language import tr
from dlexplain.results.defences import DefenceResult
from dlexplain.services.attack.defending import (
    COUNT,
    EPSILON,
    MOST,
    STEPS,
    known_defences,
    try_defence,
)
from dlexplain.services.jobs import Progress
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.ui.address import from_address, one_of
from dlexplain.ui.defence_result import show_result
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.markdown import literal

SLOT, DEFENCE, DATA = "defence", "defence-name", "defence-data"


@dataclass(frozen=True)
class Question:
    """As `try_defence` takes it."""

    defence: str
    strength: int
    epsilon: float
    count: int
    data: str


def choose_defence(arrived: bool, data: str) -> Question:
    """The settings, below the answer. data  where the model's own lies, "" for where it is found"""
    known = known_defences()
    from_address("defence", one_of("defence", list(known)), arrived, DEFENCE)
    st.session_state.setdefault(DEFENCE, "jpeg")
    st.subheader(tr("The defence, and the attack"))
    first, second, third, fourth = st.columns(4)
    name = first.selectbox(
        tr("Defence"),
        list(known),
        format_func=lambda one: tr(known[one].title),
        key=DEFENCE,
        help=tr("What is done to each picture before the model sees it."),
    )
    chosen = known[name]
    strength = second.number_input(
        literal(chosen.label),
        chosen.least, chosen.most, chosen.usual, 1, key=f"defence-strength-{name}",
        help=tr("Less changes the pictures more."),
    )  # fmt: skip
    levels = third.number_input(
        tr("Budget, of 255"), 0.1, 255.0, 255 * EPSILON, 1.0, key="defence-linf",
        help=tr(f"Of PGD with {STEPS} steps: levels of 256 by which each value may change."),
    )  # fmt: skip
    count = fourth.number_input(
        tr("How many pictures"), 3, MOST, COUNT, 10, key="defence-count",
        help=tr("More make narrower intervals and take longer."),
    )  # fmt: skip
    own = st.text_input(
        tr("Other data"), key=DATA, persist_state="session",
        placeholder=tr("The model's own test data"),
        help=tr("Where the model's own data set lies on the server, or a folder or ZIP of "
            "pictures in "
        "folders named after its classes."),
    )  # fmt: skip
    st.caption(tr(chosen.paper))
    return Question(name, int(strength), float(levels) / 255, int(count), own.strip() or data)


def show_defence(model: LoadedModel, question: Question) -> None:
    """The answer, or the progress towards it."""

    def work(progress: Progress) -> DefenceResult:
        return try_defence(
            model, question.defence, question.strength, question.epsilon, data=question.data,
            count=question.count, progress=progress,
        )  # fmt: skip

    show_live(_draw, asked(SLOT, (model.prepared.fingerprint, question), "The defence", work))


def _draw(found: Asked[DefenceResult]) -> None:
    if (result := result_of(found)) is not None:
        show_result(result)
