"""Where runs are trained: on this machine, each in a process of its own, or on a Ray cluster."""

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dlexplain.execution import process
from dlexplain.execution.paths import log_file, states_file
from dlexplain.execution.queue import RunQueue
from dlexplain.execution.resources import RAY, taken
from dlexplain.execution.rows import RunRow, is_alive
from dlexplain.execution.states import States
from dlexplain.settings import settings

GONE_SECONDS = 5.0
"""How long the system may take to end a process."""


class LocalExecutor:
    """An Executor: a detached process a run, one at a time on each device of this machine.

    The worker is niced and waits passively, so that an explanation beside it stays fast; it has
    its own process session, so that it outlives whoever started it.
    """

    module = "dlexplain.services.training.worker"
    """What the process runs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.states = States(states_file(home))

    def room(self, wanted: str, busy: Sequence[str], workers: int) -> str | None:
        here = devices()
        free = set(here) - set(busy)
        fit = (d for d in here if suits(wanted, d, here) and free.issuperset(taken(d, workers)))
        return next(fit, None)

    def launch(self, row: RunRow) -> None:
        log = log_file(self.home, row.id)
        pid = process.start(self.home, self.module, row.id, log=log)
        self.states.started(row.id, pid)

    def stop(self, row: RunRow) -> None:
        if row.pid is None or row.host != socket.gethostname() or not is_alive(row):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(row.pid, signal.SIGKILL)
        until = time.monotonic() + GONE_SECONDS
        while is_alive(row, by_heartbeat=False) and time.monotonic() < until:
            time.sleep(0.05)

    def is_alive(self, row: RunRow) -> bool:
        return is_alive(row)


class RayExecutor(LocalExecutor):
    """An Executor: a Ray cluster, on which Ray itself finds room.

    What is launched here is a process that has the run trained there and brings everything back
    (execution.clusters.following). It is the run's worker, so all that holds of one holds of it.
    """

    module = "dlexplain.services.training.remote"

    def room(self, wanted: str, busy: Sequence[str], workers: int) -> str | None:
        """There is none where no cluster is known: a dashboard or a sweep that was started without
        its address must leave such runs to who has sent them, and has it."""
        given = settings()
        return RAY if given.ray and busy.count(RAY) < given.ray_runs else None


class Routed:
    """An Executor over both: each run goes where its spec says."""

    def __init__(self, home: Path) -> None:
        self.here, self.cluster = LocalExecutor(home), RayExecutor(home)

    def of(self, device: str) -> LocalExecutor:
        return self.cluster if device == RAY else self.here

    def room(self, wanted: str, busy: Sequence[str], workers: int) -> str | None:
        return self.of(wanted).room(wanted, busy, workers)

    def launch(self, row: RunRow) -> None:
        self.of(row.spec.device).launch(row)

    def stop(self, row: RunRow) -> None:
        self.of(row.spec.device).stop(row)

    def is_alive(self, row: RunRow) -> bool:
        return is_alive(row)


def local_queue(home: Path | None = None) -> RunQueue:
    """The runs of a home folder, the settings' by default, looked after by this machine."""
    home = home or settings().home
    return RunQueue(home, Routed(home))


def devices() -> Sequence[str]:
    """This machine's devices, GPUs first, by looking at the driver: torch would take seconds."""
    cards = Path("/proc/driver/nvidia/gpus")
    count = len(list(cards.iterdir())) if cards.is_dir() else 0
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        count = min(count, len([v for v in visible.split(",") if v.strip()]))
    wanted = settings().device
    gpus = [f"cuda:{index}" for index in range(count)]
    if wanted == "cpu":
        return ("cpu",)
    if sys.platform == "darwin" and os.uname().machine == "arm64" and wanted in ("auto", "mps"):
        return ("mps", "cpu")
    return (*gpus, "cpu")


def suits(wanted: str, device: str, here: Sequence[str]) -> bool:
    """Whether a run that wants such a device can have this one; auto takes the first kind only."""
    if wanted == "auto":
        return device.partition(":")[0] == here[0].partition(":")[0]
    return wanted in (device, device.partition(":")[0])
