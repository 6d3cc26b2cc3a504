"""What a session has asked for: one question at a time in each slot, answered by jobs.

Every page asks in this way: `asked` for one job, `asked_all` for one a method; `show_live` draws
what changes, `result_of` the answer, or the progress towards it, or why there is none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

import streamlit as st

from dlexplain.language import tr
from dlexplain.services.jobs import Job, Progress
from dlexplain.ui import background
from dlexplain.ui.live import drawn_before, live
from dlexplain.ui.markdown import literal
from dlexplain.ui.progress import show_progress
from dlexplain.ui.session import start, track

R = TypeVar("R")
Make = Callable[[], Job[R]]
"""Makes a job; done at once where its answer is in memory."""


@dataclass(eq=False)
class Asked(Generic[R]):
    """A question and the jobs that answer it.

    makers  of the jobs, to start one anew; what is done needs none, nor what they work on
    so_far  a list to which a job adds while it goes on and which the page shows meanwhile
    """

    slot: str
    question: Any
    makers: list[Make[R] | None]
    jobs: list[Job[R]]
    so_far: list[Any] = field(default_factory=list)

    @property
    def job(self) -> Job[R]:
        """The only one."""
        return self.jobs[0]

    @property
    def active(self) -> bool:
        return any(job.active for job in self.jobs)

    def cancel(self) -> None:
        """For good: the question is another, or the session has ended."""
        self.makers = [None] * len(self.jobs)
        for job in self.jobs:
            job.cancel()

    def again(self, index: int) -> None:
        """Start one job anew, after it was cancelled or has failed."""
        make = self.makers[index]
        if make is not None:
            self.so_far.clear()
            self.jobs[index] = make()
            start([self.jobs[index]])


def asked_all(
    slot: str,
    question: Any,
    makers: Sequence[Make[R]],
    last: Callable[[int], bool] = lambda index: False,
    anew: bool = False,
    so_far: list[Any] | None = None,
) -> Asked[R]:
    """The session's jobs for this question, started if it is new; the slot's earlier ones stop.

    last  which of them are to start after the others, such as those that take long
    """
    known: Asked[R] | None = st.session_state.get(slot)
    if known is not None and known.question == question and not anew:
        return known
    if known is not None and not background.is_kept(known):
        known.cancel()
    again: Asked[R] | None = None if anew else background.find(slot, question)
    if again is not None:
        st.session_state[slot] = again
        return again
    found = Asked(slot, question, [*makers], [make() for make in makers])
    found.so_far = so_far if so_far is not None else []
    track(found)
    st.session_state[slot] = found
    order = sorted(range(len(makers)), key=last)
    start([found.jobs[index] for index in order if found.jobs[index].active])
    return found


def asked(
    slot: str,
    question: Any,
    title: str,
    work: Callable[[Progress], R],
    anew: bool = False,
    so_far: list[Any] | None = None,
) -> Asked[R]:
    """The same for a question that one job answers."""
    return asked_all(slot, question, [lambda: Job(title, work)], anew=anew, so_far=so_far)


def known(slot: str, question: Any) -> "Asked[Any] | None":
    """What was asked in the slot, if it was this."""
    found: Asked[Any] | None = st.session_state.get(slot)
    return found if found is not None and found.question == question else None


def show_live(show: Callable[[Asked[R]], None], found: Asked[R]) -> None:
    """Draw by `show` now, and once more when each job has ended."""
    live(
        lambda: show(found),
        version=lambda: tuple(job.active for job in found.jobs),
        active=lambda: found.active,
    )


def result_of(
    found: Asked[R],
    what: str = "evaluations",
    index: int = 0,
    key: str = "",
    stop: str = "Cancel",
    starting: str = "Starting",
    again: str = "Run again",
) -> R | None:
    """The answer of one job. Where there is none yet, draws its progress, with a button that
    cancels it; where there is none at all, says why, with a button that tries again.

    what  progress counts
    key   of the buttons, where the same answer is drawn twice on a page
    stop, starting  as `show_progress` has them;  again  what the button for another try says
    """
    job, key = found.jobs[index], key or f"{found.slot}-{index}"
    if job.active:
        show_progress(job, key, what, stop, starting, partial(background.offer, found, index, key))
        return None
    if job.state == "done":
        found.makers[index] = None
        return job.result
    if job.state == "failed":
        st.error(literal(tr(job.error)))
    else:
        st.caption(tr("Cancelled."))
    if found.makers[index]:
        # A callback, since a button that is first drawn after the page's script, when the job has
        # ended, is another one to Streamlit than that of the next run, which would not be pressed.
        st.button(
            tr(again),
            key=f"again-{key}-{drawn_before()}",
            icon=":material/refresh:",
            type="tertiary",
            on_click=partial(found.again, index),
        )
    return None
