"""The answer of one explanation method as a card: what it draws, progress, facts, downloads."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

import streamlit as st

from dlexplain.language import joined, tr
from dlexplain.results.words import capital, evaluations_told, missed
from dlexplain.services.jobs import Job
from dlexplain.ui.badge import Judge, show_badge
from dlexplain.ui.downloads import download as download
from dlexplain.ui.jobs import Asked, result_of
from dlexplain.ui.live import live
from dlexplain.ui.markdown import literal


class Explanation(Protocol):
    """What the results of explanations, of whatever kind of input, have in common."""

    @property
    def evaluations(self) -> int: ...

    @property
    def seconds(self) -> float: ...

    @property
    def completeness_error(self) -> float | None: ...

    @property
    def note(self) -> str: ...


R = TypeVar("R", bound=Explanation)


def show_card(
    found: Asked[R],
    index: int,
    draw: Callable[[Job[R]], None],
    actions: Callable[[R], None],
    version: Callable[[Job[R]], object] = lambda job: job.active,
    every: float = 0.0,
    waits: bool = False,
    judge: Judge | None = None,
) -> None:
    """One method's answer, live.

    draw     the title, and the result as far as it is there
    actions  its downloads
    version  changes when it is to be drawn anew;  every  seconds at least between two drawings
    waits    whether another answer of the question may still change it
    judge    measures whether it can be believed, which is shown under it
    """
    live(
        lambda: draw(found.jobs[index]),
        version=lambda: version(found.jobs[index]),
        active=lambda: found.active if waits else found.jobs[index].active,
        every=every,
    )
    live(
        partial(_below, found, index, actions),
        version=lambda: found.jobs[index].active,
        active=lambda: found.jobs[index].active,
    )
    if judge is not None:
        show_badge(found, index, judge)


def _below(found: Asked[R], index: int, actions: Callable[[R], None]) -> None:
    """Progress, or facts and downloads, or why there is no answer."""
    result = result_of(found, index=index)
    if result is not None:
        show_facts(result)
        actions(result)


def show_facts(result: Explanation, before: str = "") -> None:
    """What the answer took, and what is to be known of it; before  said first"""
    told = f"{tr(before)} {joined(facts_of(result))}".strip()
    note = literal(tr(result.note)) or tr(missed(result.completeness_error))
    st.caption("  \n".join(filter(None, (told, note))))


def facts_of(result: Explanation) -> list[str]:
    """ "0.21 s", "25 evaluations", "completeness error 0.4%" """
    facts = [f"{result.seconds:.2f} s", evaluations_told(result.evaluations)]
    if result.completeness_error is not None:
        facts.append(f"completeness error {result.completeness_error:.1%}")
    way: Any = getattr(result, "way", "")
    return [capital(way), *facts] if way else facts
