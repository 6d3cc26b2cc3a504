"""How the server is, from what costs little to look at; nothing here imports torch."""

import shutil
import sys
import time
from dataclasses import dataclass

from dlexplain.execution import paths
from dlexplain.execution.delivery import last_answer
from dlexplain.execution.states import TRANSITIONS, States
from dlexplain.execution.store import Tracking
from dlexplain.execution.telling import untold
from dlexplain.services.jobs import active_counts, in_line
from dlexplain.settings import settings


class Keeper:
    """When the queue was last looked after without an error, by whoever does in this process."""

    def __init__(self) -> None:
        self._seen: float | None = None

    def looked(self) -> None:
        self._seen = time.monotonic()

    def since(self) -> float | None:
        """Seconds; None before the first visitor, with whom it begins."""
        return None if self._seen is None else time.monotonic() - self._seen


keeper = Keeper()
NONE = {"waiting": 0, "running": 0}


@dataclass(frozen=True)
class Health:
    """
    runs     how many are in each state; None where the state store cannot be read
    free     bytes of the home folder's disk; None where it cannot be asked
    kept     seconds since the queue was looked after; None where that has not begun
    untold   runs of which MLflow does not have everything
    refused  seconds since MLflow has taken nothing; 0 where nothing waits for it
    """

    runs: dict[str, int] | None
    free: int | None
    kept: float | None
    untold: int
    refused: float


def health() -> Health:
    """Look at all of it. It may wait for a locked state store, so not in an event loop."""
    waiting, refused = _tracker()
    return Health(_runs(), _free(), keeper.since(), waiting, refused)


def _runs() -> dict[str, int] | None:
    file = paths.states_file(settings().home)
    try:
        # Looking creates nothing.
        return States(file).counts() if file.exists() else dict.fromkeys(TRANSITIONS, 0)
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
    import psutil

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
