"""The runs of a sweep's trials, as its controller sees them."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from dlexplain.errors import BAD_JSON, BadInput, Cancelled, RunError
from dlexplain.execution import journal, paths
from dlexplain.execution.spec import RunSpec
from dlexplain.explainers.progress import Progress
from dlexplain.results import RunRecord
from dlexplain.services.apart import said_apart
from dlexplain.services.training import runs
from dlexplain.settings import settings

LATENCY_SECONDS = 300.0


class Runner(Protocol):
    """All that a controller asks of runs, so that a test can answer."""

    def launch(self, spec: RunSpec, family: str) -> RunRecord:
        """Queue one; raises BadInput for a spec that cannot be trained."""

    def family(self, family: str) -> list[RunRecord]:
        """Every run of it."""

    def look(self, run: str) -> RunRecord:
        """Raises UnknownName for one that was deleted."""

    def curve(self, run: RunRecord, key: str) -> dict[int, float]:
        """The metric by epoch, from 1; without those at which it was no finite number."""

    def step(self, run: str) -> int:
        """Optimiser steps of the last metric that it wrote."""

    def cancel(self, run: str, now: bool) -> RunRecord: ...
    def resume(self, run: str) -> RunRecord: ...
    def tag(self, run: str, tags: Sequence[str]) -> None: ...
    def keep_going(self) -> None:
        """Find workers that are gone, and start what is queued."""

    def cost(self, run: RunRecord, name: str, wanted: Callable[[], bool]) -> float:
        """Of a finished run, see results.sweeps.COSTS; raises BadInput, or Cancelled where it is
        wanted no more."""


class Runs:
    """A Runner whose runs are those of the home folder."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[dict[str, dict[int, float]], int]] = {}

    def launch(self, spec: RunSpec, family: str) -> RunRecord:
        return runs.launch(spec, family=family)

    def family(self, family: str) -> list[RunRecord]:
        return [record for record in runs.runs() if record.family == family]

    def look(self, run: str) -> RunRecord:
        return runs.run(run, reap=False)  # `keep_going` does that for all

    def curve(self, run: RunRecord, key: str) -> dict[int, float]:
        if not run.steps or not run.epochs:
            return {}  # its worker has not said yet how many there are
        points, each = self._points(run.id).get(key, {}), run.steps / run.epochs
        return {max(1, round(step / each)): points[step] for step in sorted(points)}

    def step(self, run: str) -> int:
        return max(self._points(run).get("train/loss", {}), default=0)

    def _points(self, run: str) -> dict[str, dict[int, float]]:
        """Its metrics by step; of its file only what is new is read."""
        known, behind = self._read.get(run, ({}, 0))
        new, behind = journal.read(settings().home, run, behind)
        for point in new:
            known.setdefault(point.key, {})[point.step] = point.value
        self._read[run] = known, behind
        return known

    def cancel(self, run: str, now: bool) -> RunRecord:
        return runs.cancel(run, now)

    def resume(self, run: str) -> RunRecord:
        return runs.resume(run)

    def tag(self, run: str, tags: Sequence[str]) -> None:
        runs.tag(run, tags)

    def keep_going(self) -> None:
        runs.keep_going()

    def cost(self, run: RunRecord, name: str, wanted: Callable[[], bool]) -> float:
        home = settings().home
        try:
            match name:
                case "parameters":
                    return float(
                        json.loads(paths.card_file(home, run.id).read_text())["parameters"]
                    )
                case "size":
                    return float(paths.weights_file(home, run.id).stat().st_size)
                case "seconds":
                    return run.seconds
        except (OSError, *BAD_JSON) as error:
            raise BadInput(f"the {name} of run {run.id} cannot be read: {error}") from error
        return _latency(run.id, wanted)


def _latency(run: str, wanted: Callable[[], bool]) -> float:
    """Seconds of one example on the processor, the median of several visits, in a process of its
    own; raises BadInput or Cancelled."""
    until = time.monotonic() + LATENCY_SECONDS
    progress = Progress(cancelled=lambda: time.monotonic() > until or not wanted())
    why = "it ended without an answer"
    try:
        for said in said_apart("dlexplain.services.sweeps.latency", run, progress):
            return float(said["seconds"])
    except Cancelled:
        if time.monotonic() <= until:
            raise
        why = f"no answer within {LATENCY_SECONDS:.0f} s"
    except (RunError, OSError) as error:
        why = str(error)
    raise BadInput(f"the latency of run {run} could not be measured: {why}")
