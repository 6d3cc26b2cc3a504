"""A trial's run as a sweep's controller sees it: its curve by epoch, read on from where it was."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dlexplain.execution import journal
from dlexplain.execution.journal import Point
from dlexplain.services.sweeps.running import Runs
from dlexplain.settings import settings
from tests.sweeping import BASE, KEY, STEPS, record


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DLEXPLAIN_HOME", str(tmp_path))
    settings.cache_clear()
    yield settings().home
    monkeypatch.undo()
    settings.cache_clear()


def add(home: Path, run: str, *rows: tuple[str, float, int]) -> None:
    journal.append(home, run, [Point(key, value, step, 1.0) for key, value, step in rows])


def test_a_curve_is_by_epoch_and_what_is_no_number_leaves_a_gap(home: Path) -> None:
    run, runs = record("r1", BASE, "s1"), Runs()
    assert (run.steps, run.epochs) == (9 * STEPS, 9)
    assert runs.curve(run, KEY) == {}
    add(home, "r1", (KEY, 0.5, STEPS - 1), (KEY, float("nan"), 2 * STEPS - 1))
    assert runs.curve(run, KEY) == {1: 0.5}
    add(home, "r1", (KEY, 0.7, 3 * STEPS - 1), ("train/loss", 1.5, 3 * STEPS - 1))
    assert runs.curve(run, KEY) == {1: 0.5, 3: 0.7}
    add(home, "r1", (KEY, 0.6, 3 * STEPS - 1))  # done again after a crash
    assert runs.curve(run, KEY) == {1: 0.5, 3: 0.6}
    assert (runs.step("r1"), runs.step("r2")) == (3 * STEPS - 1, 0)


def test_a_run_that_has_not_said_its_steps_has_no_curve_yet(home: Path) -> None:
    run, runs = record("r1", BASE, "s1"), Runs()
    add(home, "r1", (KEY, 0.5, STEPS - 1))
    assert runs.curve(replace(run, steps=0), KEY) == {}
    assert runs.curve(replace(run, epochs=0), KEY) == {}
    assert runs.curve(run, KEY) == {1: 0.5}
