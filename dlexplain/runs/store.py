"""Where runs are recorded: MLflow, in a SQLite file of the home folder or on any server.

MLflow takes two seconds to import and five to set its file up, so it is imported when it is first
used, and `set_up` can be called before anybody waits.
"""

import logging
import math
import os
import sqlite3
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dlexplain.runs.paths import artifacts_folder, tracking_file, tracking_lock
from dlexplain.runs.rows import RunRow, State

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "dlexplain"
STATUS: dict[State, str] = {
    "queued": "SCHEDULED",
    "running": "RUNNING",
    "finished": "FINISHED",
    "failed": "FAILED",
    "cancelled": "KILLED",
    "interrupted": "KILLED",
}
"""MLflow's words for the states."""
MOST_METRICS, MOST_PARAMS, LONGEST = 1000, 100, 5000
"""MLflow's limits of one call, and of a parameter's text."""
STATE_TAG = "dlexplain.state"
_loading = threading.Lock()


@dataclass(frozen=True)
class Point:
    """One value of a metric: at which optimiser step, when (seconds since 1970)."""

    key: str
    value: float
    step: int
    at: float


class Tracking:
    """The MLflow store of a home folder, or the server at `uri`."""

    def __init__(self, home: Path, uri: str = "") -> None:
        self.home = home
        self.uri = uri or f"sqlite:///{tracking_file(home)}"

    @cached_property
    def client(self) -> "MlflowClient":
        with _loading:
            os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # a machine without git
            os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
            from mlflow import MlflowClient

            for name in ("alembic", "mlflow"):
                logging.getLogger(name).setLevel(logging.WARNING)
            # Training must not wait minutes for a server that is away: it is asked again later.
            os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
            os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
            self.home.mkdir(parents=True, exist_ok=True)
            with _alone(tracking_lock(self.home)) if self.embedded else nullcontext():
                client = MlflowClient(tracking_uri=self.uri)
                client.search_experiments(max_results=1)  # makes or migrates the file
            return client

    @cached_property
    def experiment(self) -> str:
        """MLflow's id of our experiment, made if it is not there."""
        from mlflow.exceptions import MlflowException

        found = self.client.get_experiment_by_name(EXPERIMENT)
        if found is None:
            place = artifacts_folder(self.home).as_uri() if self.embedded else None
            try:
                return str(self.client.create_experiment(EXPERIMENT, artifact_location=place))
            except MlflowException:  # another process was faster
                found = self.client.get_experiment_by_name(EXPERIMENT)
                if found is None:
                    raise
        if found.lifecycle_stage == "deleted":  # on MLflow's own page
            self.client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    @property
    def embedded(self) -> bool:
        return self.uri.startswith("sqlite:")

    def set_up(self) -> None:
        """Make the store ready, so that the first run or page does not wait for it."""
        _ = self.experiment

    def begin(self, row: RunRow, tags: Mapping[str, str]) -> str:
        """Record that a run starts, or goes on; returns MLflow's id."""
        if row.tracking:
            self.client.update_run(row.tracking, status="RUNNING")
            self.client.set_tag(row.tracking, STATE_TAG, "running")
            return row.tracking
        run = self.client.create_run(
            self.experiment,
            run_name=row.name,
            tags={
                "dlexplain.run": row.id,
                STATE_TAG: "running",
                "mlflow.source.git.commit": tags.get("dlexplain.git_commit", ""),
                **{key: value[:LONGEST] for key, value in tags.items()},
            },
        )
        tracking = str(run.info.run_id)
        self.params(tracking, row.spec.flat())
        self.client.log_dict(tracking, row.spec.to_dict(), "spec.json")
        return tracking

    def params(self, tracking: str, values: Mapping[str, object]) -> None:
        from mlflow.entities import Param

        params = [Param(key, str(value)[:LONGEST]) for key, value in values.items()]
        for start in range(0, len(params), MOST_PARAMS):
            self.client.log_batch(tracking, params=params[start : start + MOST_PARAMS])

    def log(self, tracking: str, points: Sequence[Point]) -> None:
        from mlflow.entities import Metric

        metrics = [Metric(p.key, p.value, int(p.at * 1000), p.step) for p in points]
        for start in range(0, len(metrics), MOST_METRICS):
            self.client.log_batch(tracking, metrics=metrics[start : start + MOST_METRICS])

    def artifact(self, tracking: str, file: Path, folder: str = "") -> None:
        self.client.log_artifact(tracking, str(file), folder or None)

    def set_state(self, row: RunRow) -> None:
        """Tell MLflow the state; a run that never began there is not there."""
        if row.tracking:
            self.client.set_tag(row.tracking, STATE_TAG, row.state)
            self.client.set_terminated(row.tracking, STATUS[row.state])

    def catch_up(self, rows: Iterable[RunRow]) -> None:
        """Tell of runs that MLflow takes for running, but that ended with nobody left to tell."""
        ended = {row.tracking: row for row in rows if row.tracking and not row.active}
        for run in self.client.search_runs([self.experiment], "attributes.status = 'RUNNING'"):
            if run.info.run_id in ended:
                self.set_state(ended[run.info.run_id])

    def rename(self, row: RunRow) -> None:
        if row.tracking:
            self.client.update_run(row.tracking, name=row.name)

    def delete(self, row: RunRow) -> None:
        if row.tracking:
            self.client.delete_run(row.tracking)

    def history(self, tracking: str, key: str) -> list[Point]:
        """A metric's values by step; of a step that was done again after a crash, the last."""
        return self.histories([tracking], key)[tracking]

    def histories(self, trackings: Sequence[str], key: str) -> dict[str, list[Point]]:
        """The same of several runs; [] for those that do not have the metric."""
        read = self._read_file if self.embedded else self._ask_server
        kept: dict[str, dict[int, Point]] = {tracking: {} for tracking in trackings}
        for tracking, point in read(trackings, key):
            points = kept[tracking]
            if point.step not in points or point.at >= points[point.step].at:
                points[point.step] = point
        return {run: [points[step] for step in sorted(points)] for run, points in kept.items()}

    def _ask_server(self, trackings: Sequence[str], key: str) -> Iterator[tuple[str, Point]]:
        for tracking in trackings:
            for m in self.client.get_metric_history(tracking, key):
                yield tracking, Point(key, m.value, m.step, m.timestamp / 1000)

    def _read_file(self, trackings: Sequence[str], key: str) -> Iterator[tuple[str, Point]]:
        """Straight from MLflow's table: its client takes twenty times as long, and its import."""
        file = Path(self.uri.removeprefix("sqlite:///")).absolute()
        # "likely": SQLite would else go through the key's points of all runs.
        query = (
            "SELECT run_uuid, value, step, timestamp, is_nan FROM metrics WHERE likely(key = ?) "
            f"AND run_uuid IN ({', '.join('?' * len(trackings))}) ORDER BY step, timestamp, value"
        )
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", timeout=30, uri=True)) as db:
            for run, value, step, at, is_nan in db.execute(query, (key, *trackings)):
                yield run, Point(key, math.nan if is_nan else value, step, at / 1000)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Keeps other processes waiting: two that make the same tables would both fail."""
    with file.open("a") as opened:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(opened, fcntl.LOCK_EX)  # given back when the file is closed
        yield
