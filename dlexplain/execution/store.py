"""MLflow's side of runs: in a SQLite file of the home folder or on any server.

Only execution.delivery talks to it, in a process of its own: MLflow takes two seconds to import and
five to set its file up, and a server may never answer. Nobody else waits for it.
"""

import hashlib
import json
import logging
import math
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from filelock import FileLock

from dlexplain.execution.journal import Point as Point
from dlexplain.execution.journal import latest_by_step
from dlexplain.execution.paths import artifacts_folder, sqlite_uri, tracking_file, tracking_lock
from dlexplain.execution.rows import RunRow, State

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
STATE_TAG, WHY_TAG, RUN_TAG = "dlexplain.state", "dlexplain.why", "dlexplain.run"
TAGS_TAG, FAMILY_TAG = "dlexplain.tags", "dlexplain.family"
PARENT_TAG = "mlflow.parentRunId"
"""MLflow's own: its page shows runs that have it below the one that it names."""
TOLD_OF_DATA = ("sizes", "classes")
"""Facts of a data set that MLflow is told."""
_loading = threading.Lock()


class Tracking:
    """The MLflow store of a home folder, or the server at `uri`."""

    def __init__(self, home: Path, uri: str = "") -> None:
        self.home = home
        self.uri = uri or sqlite_uri(tracking_file(home))

    @cached_property
    def client(self) -> "MlflowClient":
        with _loading:
            os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # a machine without git
            os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
            from mlflow import MlflowClient

            for name in ("alembic", "mlflow"):
                logging.getLogger(name).setLevel(logging.WARNING)
            # A server that is away is asked again later, and the user is told meanwhile.
            os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
            os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
            self.home.mkdir(parents=True, exist_ok=True)
            lock = FileLock(tracking_lock(self.home)) if self.embedded else nullcontext()
            with lock:  # two processes that make the same tables would both fail
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
        return self.uri.startswith("sqlite")

    @property
    def place(self) -> str:
        """The file or the host, in a sentence."""
        if self.embedded:
            return unquote(self.uri.partition(":///")[2]) or self.uri
        return urlsplit(self.shown).netloc or self.shown

    @property
    def shown(self) -> str:
        """The address without the user and password that it may hold."""
        parts = urlsplit(self.uri)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def find(self, run: str) -> str:
        """MLflow's id of a run by ours; "" where it does not have it."""
        wanted = f"tags.`{RUN_TAG}` = '{run}'"
        found = self.client.search_runs([self.experiment], wanted, max_results=1)
        return str(found[0].info.run_id) if found else ""

    def begin(self, row: RunRow, tags: Mapping[str, str]) -> str:
        """Record that a run started, or goes on; returns MLflow's id."""
        if row.tracking:
            self.client.update_run(row.tracking, status="RUNNING")
            self.client.set_tag(row.tracking, STATE_TAG, "running")
            return row.tracking
        began = (row.started or row.created) - row.spent  # so that MLflow's duration is ours
        run = self.client.create_run(
            self.experiment,
            start_time=_milliseconds(began),
            run_name=row.name,
            tags={
                RUN_TAG: row.id,
                STATE_TAG: "running",
                "mlflow.source.git.commit": tags.get("dlexplain.git_commit", ""),
                **{key: value[:LONGEST] for key, value in tags.items()},
                **({PARENT_TAG: self.parent(row.family)} if row.family else {}),
            },
        )
        tracking = str(run.info.run_id)
        self.describe(replace(row, tracking=tracking))
        return tracking

    def parent(self, family: str) -> str:
        """MLflow's id of the run that stands for a family, made if it is not there."""
        wanted = f"tags.`{FAMILY_TAG}` = '{family}'"
        found = self.client.search_runs([self.experiment], wanted, max_results=1)
        if found:
            return str(found[0].info.run_id)
        made = self.client.create_run(self.experiment, run_name=family, tags={FAMILY_TAG: family})
        return str(made.info.run_id)

    def show_family(self, family: str, active: bool) -> None:
        """Tell MLflow whether some run of a family is still queued or at work."""
        parent = self.parent(family)
        if active:
            self.client.update_run(parent, status="RUNNING")
        else:
            self.client.set_terminated(parent, "FINISHED")

    def describe(self, row: RunRow) -> None:
        """Record what the run was told; a second time changes nothing."""
        self.params(row.tracking, row.spec.flat())
        self.client.log_dict(row.tracking, row.spec.to_dict(), "spec.json")

    def data(self, row: RunRow, facts: Mapping[str, Any]) -> None:
        """Record the data set that the run was trained on, by name, parameters and facts."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        params = json.dumps(dict(row.spec.data_params), sort_keys=True)
        told = {key: facts[key] for key in TOLD_OF_DATA if key in facts}
        profile = json.dumps(told, sort_keys=True)
        digest = hashlib.sha256(f"{row.spec.data} {params} {profile}".encode()).hexdigest()[:8]
        dataset = Dataset(row.spec.data, digest, "dlexplain", params, profile=profile)
        context = [InputTag("mlflow.data.context", "training")]
        self.client.log_inputs(row.tracking, [DatasetInput(dataset, context)])

    def params(self, tracking: str, values: Mapping[str, object]) -> None:
        from mlflow.entities import Param

        params = [Param(key, str(value)[:LONGEST]) for key, value in values.items()]
        for start in range(0, len(params), MOST_PARAMS):
            self.client.log_batch(tracking, params=params[start : start + MOST_PARAMS])

    def log(self, tracking: str, points: Sequence[Point]) -> None:
        from mlflow.entities import Metric

        metrics = [Metric(p.key, p.value, _milliseconds(p.at), p.step) for p in points]
        for start in range(0, len(metrics), MOST_METRICS):
            self.client.log_batch(tracking, metrics=metrics[start : start + MOST_METRICS])

    def artifact(self, tracking: str, file: Path, folder: str = "") -> None:
        self.client.log_artifact(tracking, str(file), folder or None)

    def set_state(self, row: RunRow) -> None:
        """Tell MLflow the state and its reason; a run that never began there is not there."""
        if not row.tracking:
            return
        self.client.set_tag(row.tracking, STATE_TAG, row.state)
        self.client.set_tag(row.tracking, WHY_TAG, row.why[:LONGEST])
        if row.active:
            self.client.update_run(row.tracking, status=STATUS[row.state])
        else:
            ended = None if row.ended is None else _milliseconds(row.ended)
            self.client.set_terminated(row.tracking, STATUS[row.state], ended)

    def catch_up(self, rows: Iterable[RunRow]) -> None:
        """Tell of runs that MLflow takes for running, but that ended with nobody left to tell."""
        ended = {row.tracking: row for row in rows if row.tracking and not row.active}
        for run in self.client.search_runs([self.experiment], "attributes.status = 'RUNNING'"):
            if run.info.run_id in ended:
                self.set_state(ended[run.info.run_id])

    def rename(self, row: RunRow) -> None:
        if row.tracking:
            self.client.update_run(row.tracking, name=row.name)

    def show(self, row: RunRow) -> None:
        """Tell MLflow what a user may change and what changes by itself: name, tags, state."""
        self.rename(row)
        self.client.set_tag(row.tracking, TAGS_TAG, ", ".join(row.tags))
        self.set_state(row)

    def delete(self, tracking: str) -> None:
        self.client.delete_run(tracking)

    def register(self, tracking: str, run: str, name: str, alias: str) -> str:
        """Add the run's weights as a version of the model `name`; returns the version.

        run  ours, which the version's tag tells;  alias  "" for none
        """
        from mlflow.exceptions import MlflowException

        try:
            self.client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            self.client.create_registered_model(name)
        source = f"{self.client.get_run(tracking).info.artifact_uri}/model.safetensors"
        made = self.client.create_model_version(name, source, tracking, tags={RUN_TAG: run})
        if alias:
            self.client.set_registered_model_alias(name, alias, made.version)
        return str(made.version)

    def answers(self) -> bool:
        """Whether the store can be used at all, so that an error is the fault of one run."""
        try:
            self.client.search_experiments(max_results=1)
        except Exception:  # a server that is away, or is none, raises many kinds
            return False
        return True

    def history(self, tracking: str, key: str) -> list[Point]:
        """A metric's values by step; of a step that was done again after a crash, the last."""
        return self.histories([tracking], key)[tracking]

    def histories(self, trackings: Sequence[str], key: str) -> dict[str, list[Point]]:
        """The same of several runs; [] for those that do not have the metric."""
        read = self._read_file if self.embedded else self._ask_server
        kept: dict[str, list[Point]] = {tracking: [] for tracking in trackings}
        for tracking, point in read(trackings, key):
            kept[tracking].append(point)
        return {run: latest_by_step(points) for run, points in kept.items()}

    def _ask_server(self, trackings: Sequence[str], key: str) -> Iterator[tuple[str, Point]]:
        for tracking in trackings:
            for m in self.client.get_metric_history(tracking, key):
                yield tracking, Point(key, m.value, m.step, m.timestamp / 1000)

    def _read_file(self, trackings: Sequence[str], key: str) -> Iterator[tuple[str, Point]]:
        """Straight from MLflow's table: its client takes twenty times as long, and its import."""
        file = Path(unquote(self.uri.partition(":///")[2])).absolute()
        # "likely": SQLite would else go through the key's points of all runs.
        query = (
            "SELECT run_uuid, value, step, timestamp, is_nan FROM metrics WHERE likely(key = ?) "
            f"AND run_uuid IN ({', '.join('?' * len(trackings))}) ORDER BY step, timestamp, value"
        )
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", timeout=30, uri=True)) as db:
            for run, value, step, at, is_nan in db.execute(query, (key, *trackings)):
                yield run, Point(key, math.nan if is_nan else value, step, at / 1000)


def _milliseconds(at: float) -> int:
    """MLflow's time, from seconds since 1970."""
    return int(at * 1000)
