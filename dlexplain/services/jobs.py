"""Work in the background: progress, cancel, and one at a time for each visitor."""

import atexit
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar

from dlexplain.errors import Cancelled, DlexplainError
from dlexplain.explainers.progress import Progress, Snapshot

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

    error  one sentence for the user when state is failed;  began  by time.monotonic
    """

    title: str
    work: Callable[[Progress], R]
    state: State = "waiting"
    snapshot: Snapshot = field(default_factory=lambda: Snapshot(0, 0, 0.0))
    result: R | None = None
    error: str = ""
    began: float | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def active(self) -> bool:
        return self.state in ("waiting", "running")

    def cancel(self) -> None:
        """Stop before the next chunk; a job that waits never starts."""
        self._stop.set()
        if self.state == "waiting":
            self.state, self.work = "cancelled", _over
            _tell_changed()

    def run(self) -> None:
        """Do the work in the calling thread."""
        try:
            self._work()
        finally:
            _tell_changed()

    def _work(self) -> None:
        if self._stop.is_set():
            self.state, self.work = "cancelled", _over
            return
        self.began = time.monotonic()
        self.state = "running"
        try:
            self.result = self.work(Progress(report=self._report, cancelled=self._stop.is_set))
            self.state = "done"
        except Cancelled:
            self.state = "cancelled"
        except DlexplainError as error:
            self.error = str(error)
            self.state = "failed"
        except Exception as error:  # a thread has nobody above it to tell
            _log.exception("%s failed", self.title)
            self.error = f"{self.title} failed: {type(error).__name__}: {error}"
            self.state = "failed"
        finally:
            self.work = _over  # it holds what it worked on: a picture of 200 MB, say

    def _report(self, snapshot: Snapshot) -> None:
        new = snapshot.preview is not None
        if not new and self.snapshot.preview is not None:
            snapshot = replace(snapshot, preview=self.snapshot.preview)
        self.snapshot = snapshot
        if new:
            _tell_changed()


def start(jobs: Sequence[Job[Any]]) -> threading.Thread:
    """Run the jobs one after the other in a thread of their own.

    Chunks of several visitors' jobs take turns at the model's lock, so a long list of one
    visitor does not hold up another's short one.
    """

    def run_all() -> None:
        for job in jobs:
            job.run()

    thread = threading.Thread(target=run_all, name="explanations", daemon=True)
    _running.append((thread, jobs))
    thread.start()
    _running[:] = [pair for pair in _running if pair[0].is_alive()]
    return thread


_running: list[tuple[threading.Thread, Sequence[Job[Any]]]] = []
END_SECONDS = 20.0


@atexit.register
def _end() -> None:
    """Cancel what runs and wait for it: a thread that Python ends inside torch's C++ would abort
    the process."""
    for _, jobs in _running:
        for job in jobs:
            job.cancel()
    for thread, _ in _running:
        thread.join(END_SECONDS)
