"""Runs trained in the calling process, to the end: for tests and notebooks."""

from collections.abc import Sequence
from pathlib import Path

from dlexplain.execution.delivery import deliver_here
from dlexplain.execution.queue import RunQueue
from dlexplain.execution.rows import RunRow, is_alive
from dlexplain.execution.store import Tracking
from dlexplain.services.training.worker import work
from dlexplain.settings import settings


class InlineExecutor:
    """An Executor whose worker is the calling process."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def room(self, wanted: str, busy: Sequence[str], workers: int) -> str | None:
        return "" if wanted == "auto" else wanted  # the worker chooses, or says what is wrong

    def launch(self, row: RunRow) -> None:
        work(row.id, self.home)

    def stop(self, row: RunRow) -> None:
        """The run has ended before anybody can ask."""

    def is_alive(self, row: RunRow) -> bool:
        return is_alive(row)


def inline_queue(home: Path | None = None, tracking: Tracking | None = None) -> RunQueue:
    """The runs of a home folder, trained in the calling process; MLflow is told before it returns.

    home, tracking  those of the settings otherwise
    """
    home = home or settings().home
    told = tracking or Tracking(home, settings().tracking_uri)
    return RunQueue(home, InlineExecutor(home), lambda of: deliver_here(of, told), alone=True)
