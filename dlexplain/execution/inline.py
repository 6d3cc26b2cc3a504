"""Runs trained in the calling process, behind the same seam as executor.LocalExecutor."""

from pathlib import Path

from dlexplain.execution.delivery import deliver_here
from dlexplain.execution.paths import states_file
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import RunRow, States
from dlexplain.execution.store import Tracking
from dlexplain.execution.telling import mark
from dlexplain.execution.worker import work
from dlexplain.settings import settings


class InlineExecutor:
    """Trains in the calling process, to the end, and then tells MLflow: for tests and notebooks.

    tracking  that of the settings otherwise
    """

    def __init__(self, home: Path | None = None, tracking: Tracking | None = None) -> None:
        self.home = home or settings().home
        self.tracking = tracking or Tracking(self.home, settings().tracking_uri)
        self.states = States(states_file(self.home))

    def submit(self, spec: RunSpec) -> RunRow:
        return self._run(self.states.add(spec).id)

    def cancel(self, run: str) -> RunRow:
        return self.states.cancel(run)

    def resume(self, run: str) -> RunRow:
        self.states.reap()
        return self._run(self.states.move(run, "queued", "resumed").id)

    def _run(self, run: str) -> RunRow:
        self.states.move(run, "running", "trained in the calling process")
        mark(self.home, run)
        work(run, self.home)
        deliver_here(self.home, self.tracking)
        return self.states.get(run)
