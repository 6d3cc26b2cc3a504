"""Work in the background: progress, cancel, and one at a time for each visitor."""

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
from dlexplain.people import acting_as
from dlexplain.rights import check

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

    @property
    def active(self) -> bool:
        """Also of one that has ended since `seen_as_of_now` was entered, within it."""
        as_of = _as_of.get()
        ended_since = as_of is not None and self.ended is not None and self.ended > as_of
        return ended_since or self.state in ("waiting", "running")

    def _end(self, state: State) -> None:
        self.ended = time.monotonic()  # before the state, so that who sees that one sees this
        self.state = state

    def cancel(self) -> None:
        """Stop before the next chunk; a job that waits never starts."""
        self._stop.set()
        if self.state == "waiting":
            self._end("cancelled")
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
        self.began = time.monotonic()
        self.state = "running"
        try:
            self.result = self.work(Progress(report=self._report, cancelled=self._stop.is_set))
            self._end("done")
        except Cancelled:
            self._end("cancelled")
        except DlexplainError as error:
            self.error = str(error)
            self._end("failed")
        except Exception as error:  # a thread has nobody above it to tell
            _log.exception("%s failed", self.title)
            self.error = f"{self.title} failed: {type(error).__name__}: {error}"
            self._end("failed")
        finally:
            self.work = _over  # it holds what it worked on: a picture of 200 MB, say

    def _report(self, snapshot: Snapshot) -> None:
        new = snapshot.preview is not None
        if not new and self.snapshot.preview is not None:
            snapshot = replace(snapshot, preview=self.snapshot.preview)
        self.snapshot = snapshot
        if new:
            _tell_changed()


@contextmanager
def seen_as_of_now() -> Iterator[None]:
    """Within, jobs are as active as they are now: what is drawn of one that ends meanwhile is all
    of one moment, and agrees with the version that is noted of it. Within another, as of then."""
    token = _as_of.set(_as_of.get() or time.monotonic())
    try:
        yield
    finally:
        _as_of.reset(token)


_as_of: ContextVar[float | None] = ContextVar("the moment of which jobs are drawn", default=None)


def start(jobs: Sequence[Job[Any]]) -> threading.Thread:
    """Run the jobs one after the other in a thread of their own.

    Chunks of several visitors' jobs take turns at the model's lock, so a long list of one
    visitor does not hold up another's short one.
    """

    person = check("explain")

    def run_all() -> None:
        with acting_as(person):
            for job in jobs:
                job.run()

    thread = threading.Thread(target=run_all, name="explanations", daemon=True)
    _running.append((thread, jobs))
    thread.start()
    _running[:] = [pair for pair in _running if pair[0].is_alive()]
    return thread


def active_counts() -> dict[State, int]:
    """How many jobs of this process wait and run."""
    states = [job.state for _, jobs in tuple(_running) for job in jobs]
    return {"waiting": states.count("waiting"), "running": states.count("running")}


_running: list[tuple[threading.Thread, Sequence[Job[Any]]]] = []
END_SECONDS = 20.0


@atexit.register
def end_all() -> None:
    """Cancel what runs and wait for it: a thread that Python ends inside torch's C++ would abort
    the process."""
    running = [*_running]
    for _, jobs in running:
        for job in jobs:
            job.cancel()
    for thread, _ in running:
        thread.join(END_SECONDS)
