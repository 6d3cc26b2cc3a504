"""What a worker tells while it trains: signs of life, progress, metrics; and what it is asked."""

import logging
import math
import threading
import time
from collections.abc import Mapping
from typing import Any

from lightning.pytorch.loggers import Logger

from dlexplain.errors import DlexplainError
from dlexplain.runs.states import BEAT_SECONDS, RunRow, States
from dlexplain.runs.store import Point, Tracking

_log = logging.getLogger(__name__)
FLUSH_SECONDS = 1.0


class Reporter:
    """A thread that beats and sends metrics in batches, so that training never waits for a disk.

    wish    what the user asked of the run: "" or "cancel"
    gone    whether the run was taken from this worker, so that it must stop
    """

    def __init__(self, states: States, tracking: Tracking, row: RunRow) -> None:
        self.states, self.tracking, self.row = states, tracking, row
        self.wish = ""
        self.gone = False
        self.progress: dict[str, Any] = {"phase": "starting", "notes": []}
        self._points: list[Point] = []
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._told = False
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def phase(self, text: str) -> None:
        """What is being done now, in words."""
        self.progress["phase"] = text

    def note(self, text: str) -> None:
        """A sentence that the run's reader should know."""
        _log.warning("%s", text)
        self.progress["notes"] = [*self.progress["notes"], text]

    def add(self, values: Mapping[str, float], step: int) -> None:
        """Metrics of one step; what is not finite is left to the check of the loss."""
        now = time.time()
        points = [Point(k, float(v), step, now) for k, v in values.items() if math.isfinite(v)]
        with self._lock:
            self._points += points
        self.progress.setdefault("metrics", {}).update({p.key: p.value for p in points})

    def stop(self) -> None:
        """Send what is left; call before the state changes."""
        self._end.set()
        self._thread.join()
        self._flush()
        self._beat()

    def _run(self) -> None:
        last = 0.0
        while not self._end.wait(FLUSH_SECONDS):
            self._flush()
            if time.monotonic() - last >= BEAT_SECONDS:
                self._beat()
                last = time.monotonic()

    def _beat(self) -> None:
        try:
            row = self.states.beat(self.row.id, self.progress)
        except DlexplainError:  # deleted
            self.gone = True
            return
        self.wish = row.wish
        self.gone = row.state != "running"

    def _flush(self) -> None:
        with self._lock:
            points, self._points = self._points, []
        if not points:
            return
        try:
            self.tracking.log(self.row.tracking, points)
            self._told = False
        except Exception as error:  # a server that is away raises many kinds; training goes on
            with self._lock:
                self._points = points + self._points
            if not self._told:
                self._told = True
                _log.warning("metrics wait, MLflow cannot be reached: %s", error)


class ReportingLogger(Logger):
    """Lightning's way to the Reporter."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self.reporter = reporter

    @property
    def name(self) -> str:
        return "dlexplain"

    @property
    def version(self) -> str:
        return self.reporter.row.id

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self.reporter.add({k: v for k, v in metrics.items() if k != "epoch"}, step or 0)

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """The spec says them all and is recorded when the run begins."""
