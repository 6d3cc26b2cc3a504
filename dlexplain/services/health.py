"""How the server is, from what costs little to look at; nothing here imports torch."""

import json
import math
import os
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from dlexplain.errors import BAD_JSON, StatesError
from dlexplain.execution import paths
from dlexplain.execution.delivery import last_answer
from dlexplain.execution.files import write_whole
from dlexplain.execution.remade import remade
from dlexplain.execution.states import TRANSITIONS, States, has_states
from dlexplain.execution.store import Tracking
from dlexplain.execution.telling import untold
from dlexplain.services.jobs import active_counts, in_line
from dlexplain.settings import settings

FAILING_SECONDS = 120.0
"""Of what a look noted last: one may wait 30 s for another process's change."""


class Keeper:
    """When the queue was last looked after without an error, by whoever does in this process."""

    def __init__(self) -> None:
        self._seen: float | None = None
        self.failures = 0
        """Looks since then that an error ended."""

    def looked(self) -> None:
        self._seen = time.monotonic()
        if self.failures:
            self.failures = 0
            with suppress(OSError):  # who reads it sees that it is old
                paths.keeper_file(settings().home).unlink(missing_ok=True)

    def failed(self, error: BaseException) -> None:
        """Note why, for `doctor`, which is another process."""
        self.failures += 1
        told = {
            "pid": os.getpid(),
            "at": time.time(),
            "failures": self.failures,
            "why": f"{type(error).__name__}: {error}",
        }
        with suppress(OSError):  # a full disk: /healthz counts them all the same
            write_whole(paths.keeper_file(settings().home), json.dumps(told).encode())

    def since(self) -> float | None:
        """Seconds; None before the first visitor, with whom it begins."""
        return None if self._seen is None else time.monotonic() - self._seen


def keeper_problem() -> str:
    """Why the dashboard, whichever process that is, does not look after the queue now; "" where it
    does, or none runs."""
    with suppress(OSError, *BAD_JSON):
        told = json.loads(paths.keeper_file(settings().home).read_text())
        if psutil.pid_exists(int(told["pid"])) and time.time() - told["at"] < FAILING_SECONDS:
            return (
                f"the dashboard (process {told['pid']}) could not look after the queue, "
                f"{told['failures']} times in a row: {told['why']}"
            )
    return ""


def remade_told(within: float = math.inf) -> str:
    """When and why the file of all runs was made anew, in the last so many seconds; "" if not."""
    return remade(settings().home, within)


def store_problem() -> str:
    """Why the runs cannot be read, a sentence; "" where they can."""
    file = paths.states_file(settings().home)
    try:
        if has_states(file):  # looking creates nothing
            States(file).counts()
    except (StatesError, OSError) as error:
        return str(error)
    return ""


keeper = Keeper()
NONE = {"waiting": 0, "running": 0}


@dataclass(frozen=True)
class Health:
    """
    runs     how many are in each state; None where the state store cannot be read
    free     bytes of the home folder's disk; None where it cannot be asked
    kept     seconds since the queue was looked after; None where that has not begun
    failures looks after it since then that an error ended
    untold   runs of which MLflow does not have everything
    refused  seconds since MLflow has taken nothing; 0 where nothing waits for it
    """

    runs: dict[str, int] | None
    free: int | None
    kept: float | None
    failures: int
    untold: int
    refused: float


def health() -> Health:
    """Look at all of it. It may wait for a locked state store, so not in an event loop."""
    waiting, refused = _tracker()
    return Health(_runs(), _free(), keeper.since(), keeper.failures, waiting, refused)


def _runs() -> dict[str, int] | None:
    file = paths.states_file(settings().home)
    try:
        # Looking creates nothing.
        return States(file).counts() if has_states(file) else dict.fromkeys(TRANSITIONS, 0)
    except Exception:  # whatever it is, the store cannot be read; who uses it is told why
        return None


def _free() -> int | None:
    folder = settings().home
    try:
        while not folder.exists():  # before the first visitor
            folder = folder.parent
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _tracker() -> tuple[int, float]:
    home = settings().home
    try:
        waiting = len(untold(home))
    except OSError:
        return 0, 0.0
    answer = last_answer(home, Tracking(home, settings().tracking_uri).uri)
    refused = waiting and answer.problem
    return waiting, max(0.0, time.time() - answer.since) if refused else 0.0


@dataclass(frozen=True)
class Load:
    """
    jobs    of this process, waiting and running
    line    of those that wait, lists that wait for room rather than for the job before
    people  whose jobs wait or run
    chunks  of work at the models of this process, waiting and running
    decodings  of large pictures in processes apart, waiting and running
    models  that this process has loaded since it began
    memory  resident bytes of this process
    """

    jobs: dict[str, int]
    line: int
    people: int
    chunks: dict[str, int]
    decodings: dict[str, int]
    models: int
    memory: int


def load() -> Load:
    """What the server is at."""
    # These import torch: what nothing has imported is at nothing.
    loading = sys.modules.get("dlexplain.services.loading")
    computing = sys.modules.get("dlexplain.explainers.fair_lock")
    apart = sys.modules.get("dlexplain.data.decoding_apart")
    line, people = in_line()
    return Load(
        jobs={str(state): count for state, count in active_counts().items()},
        line=line,
        people=people,
        chunks=computing.computing() if computing else dict(NONE),
        decodings=apart.decoding() if apart else dict(NONE),
        models=loading.count_loaded() if loading else 0,
        memory=psutil.Process().memory_info().rss,
    )
