"""Jobs in the background: states, cancel, and errors as sentences."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from dlexplain.errors import PictureError
from dlexplain.explainers.progress import Progress
from dlexplain.results import Attribution
from dlexplain.services.jobs import Job, start

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
    start([job]).join(5)
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
