"""Metrics of a run that somebody waits for are written at once, and training does not wait."""

import time
from pathlib import Path

import pytest

from dlexplain.execution import reporting
from dlexplain.execution.journal import history
from dlexplain.execution.paths import states_file
from dlexplain.execution.reporting import Reporter
from dlexplain.execution.states import States
from tests.execution.small import SERIES


def test_metrics_are_written_at_once_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "FLUSH_SECONDS", 600.0)
    states = States(states_file(tmp_path))
    row = states.add(SERIES, family="s1")
    states.move(row.id, "running", "by a test")
    reporter = Reporter(states, tmp_path, states.attach(row.id))
    reporter.start()
    reporter.add({"validation/loss": 0.5}, 7)
    time.sleep(0.2)
    assert history(tmp_path, row.id, "validation/loss") == []
    for step in (7, 8):
        reporter.add({"validation/loss": step / 10}, step)
        reporter.hurry()
        stop = time.monotonic() + 60
        while [p.step for p in history(tmp_path, row.id, "validation/loss")][-1:] != [step]:
            assert time.monotonic() < stop, "it was not written"
            time.sleep(0.01)
    began = time.monotonic()
    assert reporter.stop() == []
    assert time.monotonic() - began < 60  # rather than FLUSH_SECONDS
