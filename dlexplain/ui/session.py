"""What a session has under way and holds, and that it ends: its work stops, its memory is freed.

Streamlit clears a session's own caches when its browser is gone, and says so to their on_release.
That may be a tab that was closed or a network that was away for a moment; so the end comes only
after GRACE_SECONDS without a run of the page. Its pictures, which are read again if it returns, are
forgotten sooner. Called by app.py at each run.
"""

import gc
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4
from weakref import WeakSet

import streamlit as st

from dlexplain.memory import give_back
from dlexplain.turns import act_for
from dlexplain.ui.person import browser, signed_in

if TYPE_CHECKING:  # app.py is here at every first paint
    from dlexplain.services.jobs import Job
    from dlexplain.services.pictures.sources import Picture

GRACE_SECONDS = 20.0
FORGET_SECONDS = 5.0
SETTLE_SECONDS = 5.0
HELD = "session-held"


_all: "WeakSet[Held]" = WeakSet()


class Work(Protocol):
    """What can be stopped."""

    def cancel(self) -> None: ...


@dataclass(eq=False)
class Held:
    """One session's.

    work      what it has started; each is kept by who started it
    pictures  what it has uploaded, decoded, or why it could not be, by slot and file
    visits    how often its browser has come; changes when it comes back
    owner     whose it is, see dlexplain/turns.py
    """

    work: "WeakSet[Any]" = field(default_factory=WeakSet)
    pictures: "dict[str, dict[str, Picture | str]]" = field(default_factory=dict)
    visits: int = 0
    owner: str = field(default_factory=lambda: browser() or f"session:{uuid4().hex}")

    def __post_init__(self) -> None:
        _all.add(self)

    def left(self) -> None:
        """The browser is gone; the end comes unless it returns."""
        for seconds, what in ((FORGET_SECONDS, self._forget), (GRACE_SECONDS, self._end)):
            timer = threading.Timer(seconds, what, [self.visits])
            timer.daemon = True
            timer.start()

    def _forget(self, visits: int) -> None:
        if visits != self.visits or not self.pictures:
            return
        self.pictures.clear()
        gc.collect()
        give_back()

    def _end(self, visits: int) -> None:
        if visits != self.visits:
            return
        for work in list(self.work):
            work.cancel()
        self.pictures.clear()
        time.sleep(SETTLE_SECONDS)  # jobs stop before their next chunk
        gc.collect()
        give_back()


def pictures_held() -> tuple[int, int]:
    """Count and bytes of what all sessions of this process hold decoded."""
    found = [
        picture.pixels.nbytes
        for held in tuple(_all)
        for slot in tuple(held.pictures.values())
        for picture in tuple(slot.values())
        if not isinstance(picture, str)
    ]
    return len(found), sum(found)


def here() -> Held:
    """This session's, whose end is noticed from now on."""
    held: Held = st.session_state.setdefault(HELD, Held())
    _visit()
    held.owner = signed_in() or held.owner
    act_for(held.owner)  # of what this thread does for the page
    return held


@st.cache_resource(scope="session", on_release=Held.left, show_spinner=False)
def _visit() -> Held:
    """Runs once for each time that the browser comes, and is released when it goes."""
    held: Held = st.session_state[HELD]
    held.visits += 1
    return held


def track(work: Work) -> None:
    """Cancel it when the session ends."""
    here().work.add(work)


def start(work: "Sequence[Job[Any]]") -> None:
    """Run the jobs one after the other in a thread, until they or the session end."""
    from dlexplain.services import jobs

    for job in work:
        track(job)
    jobs.start(work, here().owner)
