"""The queue of runs: it owns their states, and has an executor train what is next.

An executor only launches, stops, and looks whether a worker lives; where there is room it says
too. So a cluster plugs in by those four, see `Executor`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from dlexplain.errors import RunError
from dlexplain.execution.alerts import note_alert, start_alerts
from dlexplain.execution.delivery import start_delivery
from dlexplain.execution.paths import states_file
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import RunRow, States
from dlexplain.execution.telling import mark


class Executor(Protocol):
    """A place where runs are trained."""

    def room(self, wanted: str, busy: Sequence[str], workers: int) -> str | None:
        """The device on which a run can start now, the first of several; None where it has to wait.

        wanted   the run's own words, such as "auto" or "cuda:1"
        busy     devices of the runs at work, an entry a worker
        workers  of the run, each of which takes a GPU of its own
        """

    def launch(self, row: RunRow) -> None:
        """Have a worker train the run, which is running and has none; raises OSError."""

    def stop(self, row: RunRow) -> None:
        """End the run's worker at once, without saving."""

    def is_alive(self, row: RunRow) -> bool:
        """Whether the run's worker lives."""


class RunQueue:
    """The runs of one home folder.

    deliver  has MLflow told of what changed
    alone    whether it starts only what it is asked for, not what else waits
    """

    def __init__(
        self,
        home: Path,
        executor: Executor,
        deliver: Callable[[Path], object] = start_delivery,
        alone: bool = False,
    ) -> None:
        self.home = home
        self.executor = executor
        self.states = States(states_file(home))
        self._deliver, self._alone = deliver, alone

    def submit(self, spec: RunSpec, family: str = "", owner: str = "") -> RunRow:
        """Queue a new run; it starts where there is room. family, owner  see RunRow"""
        row = self.states.add(spec, family=family, owner=owner)
        self.advance(row.id)
        return self.states.get(row.id)

    def resume(self, run: str) -> RunRow:
        """Queue an interrupted, cancelled or failed run again; raises RunError for others."""
        self.reap()
        row = self.states.get(run)
        if row.state == "finished":
            raise RunError(f"run {row.id} is finished; there is nothing to resume")
        self.states.move(row.id, "queued", "resumed")
        self.advance(row.id)
        return self.states.get(row.id)

    def cancel(self, run: str, now: bool = False) -> RunRow:
        """A queued run is cancelled at once; a running one's worker saves first and then stops,
        unless it is to end `now`, saved or not."""
        row = self.states.cancel(run)
        note_alert(self.home, row)  # of one that was queued, which has ended
        if now and row.state == "running":
            self.executor.stop(row)
            self.advance()  # its worker will not, as one that ends by itself does
        return self.states.get(row.id)

    def reap(self) -> list[RunRow]:
        """Find runs whose worker is gone, and return them; nothing is started."""
        gone = self.states.reap(self.executor.is_alive)
        for row in gone:
            mark(self.home, row.id)
            note_alert(self.home, row)
        return gone

    def advance(self, asked: str = "") -> list[RunRow]:
        """Start queued runs where there is room, and have MLflow told what it does not have.

        asked  the run for which it is called, where it is for one
        Returns the runs whose worker was found gone.
        """
        gone = self.reap()
        only = asked if self._alone else ""
        while (taken := self.states.take(self.executor.room, only)) is not None:
            mark(self.home, taken.id)
            try:
                self.executor.launch(taken)
            except OSError as error:
                why = f"its worker could not be started: {error}"
                note_alert(self.home, self.states.move(taken.id, "failed", why))
        self._deliver(self.home)
        start_alerts(self.home)
        return gone
