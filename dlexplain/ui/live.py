"""Parts of a page that change while it is open: a job's progress, its answer, a run's curves.

A page is drawn once. What changes later is a part of it, with a version that says when it has
changed. After the page's script app.py waits, in the same run, for as long as some part is active,
and draws anew only the parts whose version has changed. Why this and no fragments with `run_every`:
docs/decisions/0027.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.services.jobs import seen_as_of_now, wait_for_change

WAIT_SECONDS = 0.1
"""Between two looks at whether the visitor has done something meanwhile."""
COVERED = 8
"""Elements below the page's last that may be left from before."""
COVERED_IN_PART = 3
"""Likewise in a part; a picture's page has dozens of parts, and each costs a message."""
LATER_SECONDS = 0.3
"""After the first that a visit sees, until what a browser reads long for is sent."""
PROGRESS_SECONDS = 0.5
"""Between two drawings of a progress bar."""


@dataclass(eq=False)
class _Part:
    """draw, version, active, every, single  as `live` has them

    of     how often the parts that it is within had been drawn, see `drawn_before`
    block  what it was drawn into last; a single one needs none
    """

    slot: DeltaGenerator
    draw: Callable[[], object]
    version: Callable[[], object]
    active: Callable[[], bool]
    every: float
    single: bool
    of: str
    drawn: object = None
    looked: float = 0.0
    times: int = 0
    block: DeltaGenerator | None = None
    within: "list[_Part]" = field(default_factory=list)

    def show(self, anew: bool) -> None:
        """Draw it; the parts within it are drawn, and known, anew as well."""
        with seen_as_of_now():
            self._show(anew)

    def _show(self, anew: bool) -> None:
        self.drawn, self.looked = self.version(), time.monotonic()
        if anew and not self.single:
            self.slot.empty()  # a block that is only written over would keep what it has more
        self.within = []
        token, numbered = _parts.set(self.within), _times.set(f"{self.of}{self.times}.")
        self.times += 1
        self.block = None if self.single else self.slot.container()
        try:
            with self.block or self.slot:
                self.draw()
        finally:
            _parts.reset(token)
            _times.reset(numbered)

    def look(self) -> bool:
        """Draw it anew if it has changed, else look at the parts within; whether any is active."""
        was_active = self.active()  # asked before the version, so that an end is not missed
        due = time.monotonic() - self.looked >= self.every
        if not was_active or due:
            self.looked = time.monotonic()
            if self.version() != self.drawn:
                self.show(anew=True)
        return _look(self.within) or was_active


def _look(parts: list[_Part]) -> bool:
    """At each of them, also behind one that is active; whether any is."""
    active = False
    for part in parts:
        active = part.look() or active
    return active


_parts: ContextVar[list[_Part] | None] = ContextVar("parts", default=None)
_following: ContextVar[bool] = ContextVar("following", default=False)
_times: ContextVar[str] = ContextVar("times", default="")


def drawn_before() -> str:
    """How often the part that is being drawn, and those that it is within, have been drawn in this
    run of the page: an end for keys, such as "0.1.".

    A plotly chart is a widget to Streamlit: one that is drawn again needs a key of its own.
    """
    return _times.get()


def live(
    draw: Callable[[], object],
    version: Callable[[], object],
    active: Callable[[], bool],
    every: float = 0.0,
    single: bool = False,
) -> None:
    """Draw a part of the page here, and again whenever its version has changed while it is active.

    draw     may be called several times in one run of the page. A widget must not be drawn twice in
             a run: draw widgets only in one of the versions, or under keys of their own
    version  what the part shows, as a value to compare
    active   whether it may still change
    every    seconds at least between two looks at the version; the last is looked at in any case
    single   whether it is one element, which costs one message instead of three
    """
    part = _Part(st.empty(), draw, version, active, every, single, _times.get())
    part.show(anew=False)
    parts = _parts.get()
    if parts is not None:  # a page that a test runs without app.py is drawn as it is at once
        parts.append(part)


def followed() -> bool:
    """Whether what changes is drawn after the page's script: not where a test runs a page alone."""
    return _following.get()


def rerun_when(
    version: Callable[[], object], active: Callable[[], bool], every: float = 0.0
) -> None:
    """Run the whole page anew when the version changes; for what has widgets in every version."""
    first = version()

    def check() -> None:
        if version() != first:
            st.rerun()

    live(check, version, active, every, single=True)


@contextmanager
def following() -> Iterator[None]:
    """Around the page's script: afterwards, draw what changes until nothing is active any more.

    The visitor's next action ends the wait at once: Streamlit then runs the page anew.
    """
    parts: list[_Part] = []
    token, outer = _parts.set(parts), _following.set(True)
    try:
        yield
        if _look(parts):
            _cover_stale(parts)
            while _look(parts):
                wait_for_change(WAIT_SECONDS)
                st.session_state.get("live")  # where Streamlit ends a run that is to give way
    finally:
        _parts.reset(token)
        _following.reset(outer)


def _cover_stale(parts: list[_Part]) -> None:
    """Overwrite what an earlier, longer run of the page has left at its end, and at the end of
    parts: a block keeps what stood in another one at its place, and had more.

    Streamlit takes it away when a run ends, which here is when the last job has ended.
    """
    for _ in range(COVERED):
        st.empty()
    for part in parts:
        if part.block is not None and part.active():
            for _ in range(COVERED_IN_PART):
                part.block.empty()
