"""A sweep's runs, answered at once: training takes no time, and scores are a formula."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from dlexplain.errors import BadInput, RunError, UnknownName
from dlexplain.execution import paths, process
from dlexplain.execution.spec import RunSpec
from dlexplain.results import RunRecord
from dlexplain.services.training.catalogue import complete

KEY = "validation/accuracy"
STEPS = 10
"""Optimiser steps of an epoch."""
BASE = complete(RunSpec("classify-image", "cnn", "digits", training={"epochs": 9}, name="digits"))


def record(run: str, spec: RunSpec, family: str, state: str = "running") -> RunRecord:
    epochs = int(spec.training["epochs"])
    return RunRecord(
        id=run, number=1, name=spec.name, tags=(), state=state, why="", spec=spec.to_dict(),
        flat=spec.flat(), device="cpu", created=0.0, started=0.0, ended=None, seconds=1.0,
        phase="", phase_seconds=0.0, epoch=0, epochs=epochs, step=0, steps=STEPS * epochs,
        speed=0.0, left=None, monitor=KEY, best=None, last=None, metrics={}, notes=(), tracking="",
        sizes={"validation": 143, "test": 359}, family=family,
    )  # fmt: skip


@dataclass(eq=False)
class FakeRuns:
    """A Runner. Each look at a run trains it by an epoch, and one more tests it.

    score   (flat spec, epoch) -> validation accuracy after it
    refuse  why a run cannot be launched; fails: why one fails at its first look
    lost    epochs after which the validation was no finite number
    on_look called before each look, to break in
    """

    score: Callable[[dict[str, Any], int], float]
    refuse: str = ""
    fails: str = ""
    on_look: Callable[["FakeRuns", str], None] = lambda runs, run: None
    lost: tuple[int, ...] = ()
    records: dict[str, RunRecord] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    cancelled: list[tuple[str, bool]] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    at_once: int = 0

    def launch(self, spec: RunSpec, family: str) -> RunRecord:
        if self.refuse:
            raise BadInput(self.refuse)
        run = f"run{len(self.records)}"
        self.records[run], self.epochs[run] = record(run, spec, family), 0
        self.at_once = max(self.at_once, sum(r.active for r in self.records.values()))
        return self.records[run]

    def family(self, family: str) -> list[RunRecord]:
        return [r for r in self.records.values() if r.family == family]

    def look(self, run: str) -> RunRecord:
        self.on_look(self, run)
        if run not in self.records:
            raise UnknownName(f'unknown run "{run}"')
        found = self.records[run]
        if found.state == "running":
            if self.fails:
                found = replace(found, state="failed", why=self.fails)
            else:
                tested = self.epochs[run] >= found.epochs
                self.epochs[run] = min(found.epochs, self.epochs[run] + 1)
                found = replace(found, step=STEPS * self.epochs[run])
                if tested:
                    last = self.score(dict(found.flat), found.epochs)
                    metrics = {KEY: last, "test/accuracy": last - 0.01}
                    found = replace(found, state="finished", metrics=metrics)
            self.records[run] = found
        return found

    def curve(self, run: RunRecord, key: str) -> dict[int, float]:
        flat, epochs = dict(run.flat), range(1, self.epochs[run.id] + 1)
        return {e: self.score(flat, e) for e in epochs if e not in self.lost} if key == KEY else {}

    def step(self, run: str) -> int:
        return STEPS * self.epochs[run]

    def cancel(self, run: str, now: bool) -> RunRecord:
        found = self.records[run]
        if not found.active:
            raise RunError(f"run {run} is {found.state}")
        self.cancelled.append((run, now))
        self.records[run] = replace(found, state="cancelled", why="cancelled")
        return self.records[run]

    def resume(self, run: str) -> RunRecord:
        self.resumed.append(run)
        self.records[run] = replace(self.records[run], state="running")
        return self.records[run]

    def tag(self, run: str, tags: Sequence[str]) -> None:
        self.records[run] = replace(self.records[run], tags=tuple(tags))

    def keep_going(self) -> None:
        """Nothing waits here."""

    def cost(self, run: RunRecord, name: str, wanted: Callable[[], bool]) -> float:
        return float(run.flat["model.width"]) * 100


def without_controllers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A folder of sweeps that is empty, and the sweeps of which controllers would have been
    started."""
    started: list[str] = []

    def start(home: Path, module: str, sweep: str, log: Path) -> int:
        started.append(sweep)
        return os.getpid()

    monkeypatch.setattr(paths, "sweeps_folder", lambda home: tmp_path / "sweeps")
    monkeypatch.setattr(process, "start", start)
    return started
