"""Work in the background: progress, cancel, and turns between persons.

So many jobs run at once, so many of them for one person; the others wait in a line that goes round
by person, see dlexplain/turns.py. Inside torch the jobs that run take turns again, chunk by chunk.
"""

import atexit
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar

from dlexplain.errors import Cancelled, DlexplainError
from dlexplain.explainers.progress import Progress, Snapshot
from dlexplain.people import Person, acting_as
from dlexplain.rights import check
from dlexplain.server_files import serves_others
from dlexplain.settings import settings
from dlexplain.turns import Ticket, Turns, act_for, give_way

__all__ = ["Job", "Progress", "Snapshot", "start", "wait_for_change"]
R = TypeVar("R")
State = Literal["waiting", "running", "done", "cancelled", "failed"]
_log = logging.getLogger(__name__)
_changed = threading.Condition()


def wait_for_change(seconds: float) -> None:
    """Until a job of this process has begun, ended or has a first map, or the time is over."""
    with _changed:
        _changed.wait(seconds)


def _tell_changed() -> None:
    with _changed:
        _changed.notify_all()


def _over(progress: Progress) -> Any:
    """The work of a job that has ended."""
    raise Cancelled("the job has ended")


@dataclass(eq=False)
class Job(Generic[R]):
    """One explanation, or other work, under way; read by the page, written by its thread.

    error  one sentence for the user when state is failed;  began, ended  by time.monotonic
    """

    title: str
    work: Callable[[Progress], R]
    state: State = "waiting"
    snapshot: Snapshot = field(default_factory=lambda: Snapshot(0, 0, 0.0))
    result: R | None = None
    error: str = ""
    began: float | None = None
    ended: float | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _list: "JobList | None" = None
    _time: "_Time" = field(default_factory=lambda: _Time(0))

    @property
    def active(self) -> bool:
        """Also of one that has ended since `seen_as_of_now` was entered, within it."""
        as_of = _as_of.get()
        ended_since = as_of is not None and self.ended is not None and self.ended > as_of
        return ended_since or self.state in ("waiting", "running")

    @property
    def place(self) -> int:
        """In the line of those who wait for room, from 1; 0 for one that waits for nothing else
        than the job before it on its own list, or does not wait."""
        of = self._list
        return of.place(self) if of and self.state == "waiting" else 0

    def _end(self, state: State) -> None:
        self.ended = time.monotonic()  # before the state, so that who sees that one sees this
        self.state = state

    def cancel(self) -> None:
        """Stop before the next chunk; a job that waits never starts."""
        self._stop.set()
        if self.state == "waiting":
            self._end("cancelled")
            self.work = _over
            if of := self._list:  # once: the list's thread takes it away when it ends
                of.shortened()
            _tell_changed()

    def fail(self, error: str) -> None:
        """It cannot be done: one sentence on why."""
        self.error = error
        self._end("failed")
        self.work = _over
        _tell_changed()

    def run(self) -> None:
        """Do the work in the calling thread."""
        try:
            self._work()
        finally:
            _tell_changed()

    def _work(self) -> None:
        if self._stop.is_set():
            self._end("cancelled")
            self.work = _over
            return
        self.began, self._time = time.monotonic(), _Time(most_seconds())
        self.state = "running"
        try:
            self.result = self.work(Progress(report=self._report, cancelled=self._is_to_stop))
            self._end("done")
        except Cancelled:
            self.error = self._time.told(self.title)
            self._end("failed" if self.error else "cancelled")
        except DlexplainError as error:
            self.error = str(error)
            self._end("failed")
        except Exception as error:  # a thread has nobody above it to tell
            _log.exception("%s failed", self.title)
            self.error = f"{self.title} failed: {type(error).__name__}: {error}"
            self._end("failed")
        finally:
            self.work = _over  # it holds what it worked on: a picture of 200 MB, say

    def _is_to_stop(self) -> bool:
        return self._stop.is_set() or self._time.is_up()

    def _report(self, snapshot: Snapshot) -> None:
        new = snapshot.preview is not None
        if not new and self.snapshot.preview is not None:
            snapshot = replace(snapshot, preview=self.snapshot.preview)
        self.snapshot = snapshot
        if new:
            _tell_changed()


MOST_SHARED = 1800
"""Seconds of processor time for a job where others use the server too, if its owner has set
nothing."""


def most_seconds() -> int:
    """Of processor time that a job may take in this process; 0 for as many as it wants."""
    told = settings().max_job_seconds
    return (MOST_SHARED if serves_others() else 0) if told is None else told


class _Time:
    """A job's processor time, in the thread that made this; others' turns do not count.

    most  seconds; 0 for as many as it wants
    """

    def __init__(self, most: int) -> None:
        self._most, self._began = most, time.thread_time()
        self._thread, self._up = threading.get_ident(), False

    def is_up(self) -> bool:
        if self._most and threading.get_ident() == self._thread:
            self._up = self._up or time.thread_time() - self._began > self._most
        return self._up

    def told(self, title: str) -> str:
        """Why the job was stopped, if the time was up; else nothing."""
        if not self._up:
            return ""
        return (
            f"{title} was stopped after {self._most:,} s of processor time, which is what this"
            " server gives to one request; one that asks for less is accepted"
        )


@contextmanager
def seen_as_of_now() -> Iterator[None]:
    """Within, jobs are as active as they are now: what is drawn of one that ends meanwhile is all
    of one moment, and agrees with the version that is noted of it. Within another, as of then."""
    token = _as_of.set(_as_of.get() or time.monotonic())
    try:
        yield
    finally:
        _as_of.reset(token)


_as_of: ContextVar[float | None] = ContextVar("as_of", default=None)


class JobList:
    """Jobs of one person that run one after the other, each in a turn of its own.

    person  who has begun them, and whose rights they have
    owner   whose turns they take, see dlexplain/turns.py
    """

    def __init__(self, person: Person, owner: str, jobs: Sequence[Job[Any]]) -> None:
        self.person, self.owner, self.jobs = person, owner, tuple(jobs)
        self.ended = threading.Event()
        self._ticket: Ticket | None = None

    def ask(self) -> None:
        """Wait for the next job's turn; where none is left, the list has ended."""
        if self._next() is None:
            self._over()
            return
        self._ticket = Ticket(self.owner, self._begin)
        _turns.ask(self._ticket)

    def place(self, job: Job[Any]) -> int:
        """Of the job in line; 0 where it is not its turn on this list."""
        ticket = self._ticket
        return _turns.place(ticket) if ticket and job is self._next() else 0

    def shortened(self) -> None:
        """A job that waited was cancelled: without any other the list waits no longer."""
        ticket = self._ticket
        if ticket and _turns.place(ticket) and self._next() is None:
            self._done()

    def _next(self) -> Job[Any] | None:
        return next((job for job in self.jobs if job.state == "waiting"), None)

    def _over(self) -> None:
        for job in self.jobs:
            job._list = None  # else each of them would keep the results of all
        self.ended.set()
        _lists.discard(self)

    def _begin(self) -> None:
        try:
            threading.Thread(target=self._run, name="explanations", daemon=True).start()
        except RuntimeError as error:  # the system gives no more threads
            for job in self.jobs:
                if job.state == "waiting":
                    job.fail(f"{job.title} could not be begun: {error}; try again later")
            self._done()

    def _run(self) -> None:
        """The next job; then back in line."""
        act_for(self.owner)
        give_way()
        job = self._next()
        try:
            if job is not None:
                with acting_as(self.person):
                    job.run()
        finally:
            self._done()

    def _done(self) -> None:
        """Out of the turn and back in line at once: between the two, somebody else's next job would
        come before this list's."""
        had = self._ticket
        following = Ticket(self.owner, self._begin) if self._next() else None
        self._ticket = following or had
        if had:
            _turns.leave(had, following)
        if not following:
            self._over()


def start(jobs: Sequence[Job[Any]], owner: str = "") -> JobList:
    """Run the jobs one after the other as turns come.

    owner  whose turns they take, see dlexplain/turns.py
    Raises NotAllowed, NotSignedIn.
    """
    found = JobList(check("explain"), owner, jobs)
    for job in jobs:
        job._list = found
    _lists.add(found)
    found.ask()
    return found


def active_counts() -> dict[State, int]:
    """How many jobs of this process wait and run."""
    states = [job.state for found in tuple(_lists) for job in found.jobs]
    return {"waiting": states.count("waiting"), "running": states.count("running")}


def in_line() -> tuple[int, int]:
    """How many lists of jobs wait for room, and of how many persons there are any."""
    return _turns.counts()["waiting"], len({found.owner for found in tuple(_lists)})


_lists: set[JobList] = set()
_turns = Turns(lambda: settings().max_jobs, lambda: settings().max_jobs_each)
END_SECONDS = 20.0


@atexit.register
def end_all() -> None:
    """Cancel what runs and wait for it: a thread that Python ends inside torch's C++ would abort
    the process."""
    lists = tuple(_lists)
    for found in lists:
        for job in found.jobs:
            job.cancel()
    for found in lists:
        found.ended.wait(END_SECONDS)
