"""Jobs in the background: states, cancel, and errors as sentences."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from dlexplain.errors import PictureError
from dlexplain.explainers.progress import Progress
from dlexplain.results import Attribution
from dlexplain.server_files import serve_pages
from dlexplain.services import jobs
from dlexplain.services.jobs import Job, JobList, active_counts, start
from dlexplain.settings import settings
from dlexplain.turns import NICENESS, owner

MAP = Attribution("saliency", {}, np.zeros((1, 2, 2), np.float32), False, 0.1, 1)


def wait(job: Job) -> None:
    stop = time.monotonic() + 10
    while job.active:
        assert time.monotonic() < stop
        time.sleep(0.005)


def test_a_job_ends_with_its_result() -> None:
    job = Job("Saliency", lambda progress: replace(MAP, note="made"))
    assert job.state == "waiting"
    start([job])
    wait(job)
    assert job.state == "done"
    assert job.result.note == "made"


def test_a_running_job_is_cancelled_and_the_next_one_runs() -> None:
    began = threading.Event()

    def endless(progress: Progress) -> Attribution:
        progress.plan(10)
        while True:
            progress.advance(1)
            began.set()
            time.sleep(0.001)

    job, after = Job("RISE", endless), Job("Saliency", lambda progress: MAP)
    start([job, after])
    assert began.wait(5)
    assert job.state == "running"
    assert job.snapshot.done > 0
    job.cancel()
    wait(job)
    wait(after)
    assert (job.state, after.state) == ("cancelled", "done")


def test_a_waiting_job_that_is_cancelled_never_starts() -> None:
    ran = []
    job = Job("Saliency", lambda progress: ran.append(1) or MAP)
    job.cancel()
    assert start([job]).ended.wait(5)
    assert job.state == "cancelled"
    assert ran == []


def test_errors_become_one_sentence(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(progress: Progress) -> Attribution:
        raise PictureError("a.png is empty")

    def fail(progress: Progress) -> Attribution:
        raise ZeroDivisionError("division by zero")

    known, unknown = Job("LIME", refuse), Job("LIME", fail)
    known.run()
    unknown.run()
    assert (known.state, known.error) == ("failed", "a.png is empty")
    assert unknown.error == "LIME failed: ZeroDivisionError: division by zero"
    assert "Traceback" in caplog.text


def test_a_preview_stays_until_the_next_one() -> None:
    def work(progress: Progress) -> Attribution:
        progress.plan(3)
        progress.preview(np.ones((2, 2), np.float32))
        progress.advance(1)
        return MAP

    job = Job("RISE", work)
    job.run()
    assert job.snapshot.done == 1
    assert job.snapshot.preview is not None


def eventually(what: Callable[[], object]) -> None:
    stop = time.monotonic() + 10
    while not what():
        assert time.monotonic() < stop
        time.sleep(0.005)


class Gated:
    """Jobs that run until they are let go; so a test says who is there when."""

    def __init__(self) -> None:
        self.gates: dict[str, threading.Event] = {}
        self.jobs: dict[str, Job[str]] = {}
        self.began: list[str] = []

    def start(self, *names: str) -> JobList:
        """One list of jobs, of the person whose letter the names begin with."""
        return start([self._job(name) for name in names], names[0][0])

    def _job(self, name: str) -> Job[str]:
        gate = self.gates[name] = threading.Event()

        def work(progress: Progress) -> str:
            self.began.append(name)
            assert gate.wait(10)
            return owner()

        job = self.jobs[name] = Job(name, work)
        return job

    def end(self, name: str) -> None:
        self.gates[name].set()
        eventually(lambda: self.jobs[name].state == "done")

    def states(self, *names: str) -> list[str]:
        return [self.jobs[name].state for name in names]

    def places(self, *names: str) -> list[int]:
        return [self.jobs[name].place for name in names]


@pytest.fixture
def gated(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gated]:
    """Two jobs at once, one for each person."""
    monkeypatch.setenv("DLEXPLAIN_MAX_JOBS", "2")
    monkeypatch.setenv("DLEXPLAIN_MAX_JOBS_EACH", "1")
    settings.cache_clear()
    found = Gated()
    yield found
    for gate in found.gates.values():
        gate.set()
    eventually(lambda: not any(active_counts().values()))
    settings.cache_clear()


def test_one_persons_lists_hold_up_no_other_person(gated: Gated) -> None:
    for tab in range(6):
        gated.start(f"a{tab}")
    gated.start("b1")
    eventually(lambda: len(gated.began) == 2)
    assert sorted(gated.began) == ["a0", "b1"]
    gated.start("c1")
    gated.end("b1")
    eventually(lambda: gated.states("c1") == ["running"])
    assert gated.states("a0", "a1") == ["running", "waiting"]
    assert gated.jobs["b1"].result == "b"  # whose work it is is known in its thread


def test_who_waits_is_told_the_place_in_line(gated: Gated) -> None:
    gated.start("a1", "a2")
    for name in ("b1", "c1", "a3", "d1"):
        gated.start(name)
    eventually(lambda: len(gated.began) == 2)
    # a2 waits for a1 on its own list; a's further list comes after the persons without a job.
    assert gated.places("a1", "a2", "b1", "c1", "d1", "a3") == [0, 0, 0, 1, 2, 3]
    gated.end("b1")
    eventually(lambda: gated.states("c1") == ["running"])
    assert gated.places("d1", "a3") == [1, 2]


def test_a_list_goes_on_after_others_have_had_their_turn(gated: Gated) -> None:
    gated.start("a1", "a2")
    gated.start("b1", "b2")
    gated.start("c1")
    eventually(lambda: len(gated.began) == 2)
    gated.end("a1")
    eventually(lambda: len(gated.began) == 3)
    assert gated.began[2] == "c1"
    gated.end("b1")
    eventually(lambda: len(gated.began) == 4)
    assert gated.began[3] == "a2"


def test_what_waits_in_line_is_cancelled_and_the_others_move_up(gated: Gated) -> None:
    gated.start("a1")
    gated.start("b1")
    waits = gated.start("c1", "c2")
    gated.start("d1")
    eventually(lambda: len(gated.began) == 2)
    gated.jobs["c1"].cancel()
    assert gated.places("c2", "d1") == [1, 2]
    gated.jobs["c2"].cancel()
    assert waits.ended.is_set()
    assert gated.places("c2", "d1") == [0, 1]
    gated.end("a1")
    eventually(lambda: gated.states("d1") == ["running"])
    assert "c1" not in gated.began


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own on Linux")
def test_jobs_give_way_to_who_answers_at_once() -> None:
    job = Job("RISE", lambda progress: os.getpriority(os.PRIO_PROCESS, 0))
    assert start([job]).ended.wait(5)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert job.result == max(NICENESS, own)


def test_a_system_without_threads_left_fails_the_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        job = Job("RISE", lambda progress: MAP)
        assert start([job]).ended.wait(5)
    assert job.state == "failed"
    assert job.error == "RISE could not be begun: can't start new thread; try again later"
    after = Job("Saliency", lambda progress: MAP)
    assert start([after]).ended.wait(5)
    assert after.state == "done"


def spend(progress: Progress) -> Attribution:
    progress.plan(10)
    while True:
        sum(range(100_000))
        progress.advance(1)


def test_a_job_that_takes_too_much_time_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "most_seconds", lambda: 0.05)
    job = Job("RISE", spend)
    job.run()
    assert job.state == "failed"
    assert job.error.startswith("RISE was stopped after 0.05 s of processor time, which is what")


@pytest.mark.parametrize(
    ("here", "told", "expected"),
    [(True, None, 0), (False, None, 1800), (False, "7", 7), (False, "0", 0), (True, "9", 9)],
)
def test_the_time_of_a_job_is_limited_where_others_use_the_server_or_it_is_set(
    here: bool, told: str | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if told:
        monkeypatch.setenv("DLEXPLAIN_MAX_JOB_SECONDS", told)
    settings.cache_clear()
    serve_pages(here)
    assert jobs.most_seconds() == expected
    monkeypatch.undo()
    settings.cache_clear()
