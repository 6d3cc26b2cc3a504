"""Where runs are trained: each in a process of its own on this machine.

The seam behind which a cluster will stand: submit, cancel, resume. Whoever looks at the runs also
keeps them going: `next_in_line` finds workers that are gone and starts what is queued, and a
worker calls it as its last act, so the queue moves on with no dashboard open.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from dlexplain.errors import RunError
from dlexplain.execution import process
from dlexplain.execution.delivery import start_delivery
from dlexplain.execution.paths import log_file, states_file
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import RunRow, States
from dlexplain.execution.telling import mark
from dlexplain.settings import settings


class Executor(Protocol):
    """What can be asked of a place where runs are trained."""

    def submit(self, spec: RunSpec) -> RunRow: ...

    def cancel(self, run: str) -> RunRow: ...

    def resume(self, run: str) -> RunRow: ...


class LocalExecutor:
    """A detached process a run, one at a time on each device of this machine.

    The worker is niced and waits passively, so that an explanation beside it stays fast; it has
    its own process session, so that it outlives whoever started it.
    """

    def __init__(self, home: Path | None = None) -> None:
        self.home = home or settings().home
        self.states = States(states_file(self.home))

    def submit(self, spec: RunSpec) -> RunRow:
        row = self.states.add(spec)
        self.advance()
        return self.states.get(row.id)

    def cancel(self, run: str) -> RunRow:
        return self.states.cancel(run)

    def resume(self, run: str) -> RunRow:
        """Queue an interrupted, cancelled or failed run again; raises RunError for others."""
        self.states.reap()
        row = self.states.get(run)
        if row.state == "finished":
            raise RunError(f"run {row.id} is finished; there is nothing to resume")
        self.states.move(row.id, "queued", "resumed")
        self.advance()
        return self.states.get(row.id)

    def advance(self) -> list[RunRow]:
        """Start queued runs where there is room, and have MLflow told what it does not have.

        Returns the runs whose worker was found gone.
        """
        gone = self.states.reap()
        for row in gone:
            mark(self.home, row.id)
        while (taken := self.states.take(devices())) is not None:
            try:
                self._start(taken)
            except OSError as error:
                self.states.move(taken.id, "failed", f"its worker could not be started: {error}")
        start_delivery(self.home)
        return gone

    def _start(self, row: RunRow) -> None:
        mark(self.home, row.id)
        log = log_file(self.home, row.id)
        pid = process.start(self.home, "dlexplain.execution.worker", row.id, log=log)
        self.states.started(row.id, pid)


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


def next_in_line(home: Path) -> None:
    """Keep the queue of this home folder going."""
    LocalExecutor(home).advance()
