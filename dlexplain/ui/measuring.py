"""What pages that measure a model over data share: where a measurement is asked for, the job that
grows its result, and which of several results is shown. No torch here.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.language import tr
from dlexplain.services.jobs import Progress
from dlexplain.services.shipped_results import OfModel
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, one_of
from dlexplain.ui.jobs import Asked, asked
from dlexplain.ui.live import live, rerun_when

KEPT_AS_IT_COMES = (
    "It goes on in the background and is kept as it comes: what was stopped goes on with the same "
    "question."
)
EVERY_SECONDS = 5.0
"""Between two drawings of a result that grows."""


class Grows(Protocol):
    """A result over a data set, which a job tells as far as it is; done  how far"""

    @property
    def date(self) -> str: ...
    @property
    def done(self) -> int: ...


R = TypeVar("R")
G = TypeVar("G", bound=Grows)


def measuring(title: str, key: str, asks: Collection[str]) -> DeltaGenerator:
    """The part that is opened to ask; its `open` says whether it is. What is inside imports torch,
    so it is closed until somebody opens it, or the address asks.

    asks  parameters of the address that open it
    """
    # By its state and not by `expanded`: with another of those it is another one to Streamlit, and
    # closes when the address loses a parameter, as while what is asked for is nonsense.
    st.session_state.setdefault(key, any(name in st.query_params for name in asks))
    return st.expander(tr(title), icon=":material/tune:", key=key, on_change="rerun")


def pressed_to_start(label: str, running: Asked[Any] | None, noun: str, ready: bool = True) -> bool:
    """The button that starts a measurement; dead while one is made, or before it is `ready`."""
    busy = running is not None and running.active
    return st.button(
        tr(label),
        type="primary",
        icon=":material/play_arrow:",
        disabled=busy or not ready,
        help=tr(f"A {noun} is being made; cancel that one first.") if busy else None,
    )


def begin_growing(
    slot: str,
    question: object,
    title: str,
    work: Callable[[Progress, Callable[[R], None]], R],
    shown: str = "",
) -> None:
    """The job of this session, which tells its result so far; the one before it stops.

    shown  where the choice among results is kept, if any: the new one is to be seen
    """
    so_far: list[R] = []
    if shown:
        st.session_state.pop(shown, None)
    told = partial(_work, work, so_far)
    asked(slot, question, title, told, anew=True, so_far=so_far)


def _work(
    work: Callable[[Progress, Callable[[R], None]], R], so_far: list[R], progress: Progress
) -> R:
    def tell(now: R) -> None:
        so_far[:] = [now]

    return work(progress, tell)


def stopped_ones(key: str, left: Iterable[tuple[str, Callable[[], None]]]) -> None:
    """What earlier sessions left unfinished, each a sentence and what goes on with it."""
    for place, (told, go_on) in enumerate(left):
        st.markdown(tr(told))
        st.button(
            tr("Go on with it"), key=f"{key}-left-{place}", icon=":material/resume:", on_click=go_on
        )


def show_growing(found: Asked[R], show: Callable[[R], None]) -> None:
    """The result so far of a job that goes on, drawn anew as it grows."""

    def draw() -> None:
        for one in found.so_far[-1:]:
            show(one)

    rerun_when(lambda: found.active, lambda: found.active)
    live(
        draw,
        version=lambda: id(found.so_far[-1]) if found.so_far else 0,
        active=lambda: found.active,
        every=EVERY_SECONDS,
    )


def results_there(
    found: Asked[G] | None, made: Iterable[G], along: Mapping[str, G]
) -> dict[str, G]:
    """By their names in the address, the one to see first: what a job that was stopped has done,
    what was made here, what comes along, whose names begin with "shipped"."""
    known: dict[str, G] = {}
    if found is not None and found.job.state != "done" and found.so_far and found.so_far[-1].done:
        known["stopped"] = found.so_far[-1]
    return {**known, **{one.date: one for one in made}, **along}


def known_first(
    shipped: Callable[[str], object], made_here: Callable[[str], Collection[OfModel]]
) -> Callable[[ModelEntry], bool]:
    """Sorts models of which a result is there to the front."""
    made = {one.model for one in made_here("")}
    return lambda entry: entry.name not in made and shipped(entry.name) is None


def chosen_result(
    known: Mapping[str, R],
    arrived: bool,
    key: str,
    title: Callable[[R], str],
    label: str = "Result",
) -> R:
    """Of several results, the one to see; a choice where there is more than one.

    key    of the choice; its name in the address is the label's
    title  of one for people, to which is added where it comes from
    """
    state, names = st.session_state, list(known)
    parameter = label.lower()
    from_address(parameter, one_of(parameter, names), arrived, key)
    state[key] = state[key] if state.get(key) in known else names[0]
    if len(names) > 1:
        st.selectbox(
            tr(label),
            names,
            format_func=lambda name: f"{title(known[name])} ({_where(name)})",
            key=key,
        )
    return known[str(state[key])]


def _where(name: str) -> str:
    """Where a result of this name comes from."""
    return {"shipped": "comes along", "stopped": "stopped"}.get(name.partition("-")[0], "made here")
