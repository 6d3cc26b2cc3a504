"""What a worker tells while it trains: signs of life, progress, metrics; and what it is asked."""

import copy
import logging
import math
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dlexplain.errors import DlexplainError
from dlexplain.execution.ending import Ending, Stopped
from dlexplain.execution.journal import Point, append
from dlexplain.execution.rows import HEARTBEAT_SECONDS, RunRow
from dlexplain.execution.states import States
from dlexplain.execution.system import SAMPLE_SECONDS, Usage

_log = logging.getLogger("dlexplain.worker")
FLUSH_SECONDS = 1.25
CARRIED = ("notes", "monitor", "best", "last", "metrics", "epoch", "epochs", "step", "steps")
"""What of the progress is still true when a run goes on."""


class Reporter:
    """Three threads, so that training waits for no disk: one beats, one writes metrics down, one
    samples what the process takes of the machine while it trains.

    requested  what the user asked of the run: "" or "cancel"
    gone    whether the run was taken from this worker, so that it must stop
    row     the run, as it was when the worker came
    samples  whether this process is what trains, so that its samples are the run's
    """

    def __init__(
        self,
        states: States,
        home: Path,
        row: RunRow,
        ending: Ending | None = None,
        samples: bool = True,
    ) -> None:
        self.states, self.home, self.row = states, home, row
        self.ending = ending or Ending()
        self.requested = ""
        self.gone = False
        carried = {key: row.progress[key] for key in CARRIED if key in row.progress}
        self.progress: dict[str, Any] = {"notes": [], **carried}
        self.progress |= {"phase": "starting", "phase_began": time.time()}
        self._points: list[Point] = []
        self._changing, self._writing = threading.Lock(), threading.Lock()
        self._end, self._hurried = threading.Event(), threading.Event()
        self._said: set[str] = set()
        self._threads = [
            threading.Thread(target=work, daemon=True)
            for work in (self._beat_on, self._write_on, *([self._sample_on] if samples else []))
        ]
        self.usage = Usage()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def phase(self, text: str) -> None:
        """What is being done now, in words; raises Stopped if the run is to end instead."""
        if text != self.progress["phase"]:
            _log.info("%s", text)
            self.tell({"phase": text, "phase_began": time.time()})
        if self.gone:
            raise Stopped("gone", "the run was taken from this worker")
        if self.requested == "cancel":
            raise Stopped("cancelled", "cancelled by the user")
        if self.ending.asked:
            raise Stopped("interrupted", "the worker was asked to end")

    def tell(self, progress: Mapping[str, Any]) -> None:
        """Bring the progress up to date."""
        with self._changing:
            self.progress |= progress

    def note(self, text: str) -> None:
        """A sentence that the run's reader should know; said again, it is not repeated."""
        _log.warning("%s", text)
        if text not in self.progress["notes"]:
            self.tell({"notes": [*self.progress["notes"], text]})

    def add(self, values: Mapping[str, float], step: int) -> None:
        """Metrics of one step; what is not finite is left to the check of the loss."""
        now = time.time()
        points = [Point(k, float(v), step, now) for k, v in values.items() if math.isfinite(v)]
        with self._changing:
            self._points += points
            self.progress.setdefault("metrics", {}).update({p.key: p.value for p in points})

    def hurry(self) -> None:
        """Have the metrics so far written now, by the thread that writes them: training does not
        wait."""
        self._hurried.set()

    def waiting(self) -> list[Point]:
        """Metrics that are not in the run's journal yet."""
        with self._changing:
            return list(self._points)

    def recall(self, points: Iterable[Point]) -> None:
        """Metrics of an earlier attempt that may not have been written; twice does no harm."""
        with self._changing:
            self._points = [*points, *self._points]

    def stop(self) -> list[Point]:
        """Write what is left, before the state changes; returns what could not be written."""
        self._end.set()
        self._hurried.set()
        for thread in self._threads:
            thread.join()
        self.flush()
        self._heartbeat()
        return self.waiting()

    def flush(self) -> bool:
        """Write what waits to the run's journal; whether everything is there now."""
        try:
            with self._writing:
                while points := self.waiting():
                    append(self.home, self.row.id, points)
                    with self._changing:
                        del self._points[: len(points)]
        except OSError as error:  # such as a full disk: it is tried again, and training goes on
            self._once(f"metrics wait, they could not be written down: {error}")
            return False
        self._said.clear()
        return True

    def _beat_on(self) -> None:
        while not self._end.wait(HEARTBEAT_SECONDS):
            self._heartbeat()

    def _write_on(self) -> None:
        while True:
            self._hurried.wait(FLUSH_SECONDS)
            if self._end.is_set():
                return
            self._hurried.clear()
            self.flush()

    def _heartbeat(self) -> None:
        with self._changing:
            progress = copy.deepcopy(self.progress)
        try:
            row = self.states.heartbeat(self.row.id, progress)
        except DlexplainError as error:  # such as a full disk: beat on
            self._once(f"the progress could not be written down: {error}")
            return
        self.gone = row is None
        self.requested = row.requested if row else ""

    def _sample_on(self) -> None:
        while not self._end.wait(SAMPLE_SECONDS):
            if self.progress["phase"] == "training":
                self.add(self.usage.sample(), int(self.progress.get("step", 0)))

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            _log.warning("%s", text)
