"""The answer about one input as a sentence, above its explanations."""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from dlexplain.language import tr
from dlexplain.results import ClassName
from dlexplain.results.without import Without
from dlexplain.results.without_words import sentence
from dlexplain.services.jobs import Progress
from dlexplain.ui.jobs import Asked, asked, result_of
from dlexplain.ui.live import live
from dlexplain.ui.markdown import literal

BEHIND = "-sentence"
"""A slot of answers, and the one of their sentence."""
Measure = Callable[[Any, Progress], Without]


def show_sentence(answers: Asked[Any], best: ClassName, measure: Measure) -> None:
    """By what the first explanation marks, measured once all are there; nothing where another
    class than the best one was asked about."""
    live(
        partial(_sentence, answers, best, measure),
        version=lambda: answers.active,
        active=lambda: answers.active,
    )


def without_of(answers: Asked[Any]) -> Without | None:
    """What the sentence about these answers was made from; None where it is not there."""
    found = st.session_state.get(f"{answers.slot}{BEHIND}")
    first = answers.jobs[0].result if answers.jobs else None
    if found is None or found.question != (answers.question, id(first)):
        return None
    made: Without | None = found.jobs[0].result
    return made


def _sentence(answers: Asked[Any], best: ClassName, measure: Measure) -> None:
    if answers.active:
        _waiting()
        return
    result = answers.jobs[0].result
    if result is None or result.target != best:
        return
    slot, question = f"{answers.slot}{BEHIND}", (answers.question, id(result))
    found = asked(slot, question, "The sentence", partial(measure, result))
    live(
        partial(_told, found),
        version=lambda: found.active,
        active=lambda: found.active,
    )


def _told(found: Asked[Without]) -> None:
    if found.active:
        _waiting()
    elif (without := result_of(found)) is not None:
        st.markdown(literal(tr(sentence(without))))


def _waiting() -> None:
    st.markdown(tr(":gray[What it would say without the parts that are marked is measured last…]"))
