"""A home folder or a states file that cannot be used, on the command line: a sentence, no trace."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from dlexplain.execution.paths import states_file
from dlexplain.execution.states import States
from tests.execution.full_disk import full_disk
from tests.execution.small import SERIES


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DLEXPLAIN_HOME": str(home), "DLEXPLAIN_DEVICE": "cpu"}
    command = [sys.executable, "-m", "dlexplain", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("words", [["runs"], ["train", "--preset", "digits-cnn"]])
@pytest.mark.parametrize("place", ["home", "home/deeper"])
def test_a_home_that_is_a_file(tmp_path: Path, place: str, words: list[str]) -> None:
    (tmp_path / "home").write_text("no folder")
    done = run(tmp_path / place, *words)
    why = "File exists" if place == "home" else "Not a directory"
    assert done.returncode == 2
    assert done.stderr == (
        f"dlexplain: {tmp_path / place} cannot be written ({why}); "
        "set DLEXPLAIN_HOME to a folder that can\n"
    )


def test_a_home_without_room(tmp_path: Path) -> None:
    with full_disk(tmp_path / "home", megabytes=1) as disk, disk.full():
        if not disk.mounted:
            pytest.skip("a full disk for other processes takes a mount")
        done = run(tmp_path / "home", "runs")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"dlexplain: {tmp_path / 'home'} cannot be written (No space left on device); "
        "set DLEXPLAIN_HOME to a folder that can\n"
    )


def test_a_damaged_states_file_is_made_anew(tmp_path: Path) -> None:
    states = States(states_file(tmp_path))
    row = states.add(SERIES)
    states.move(row.id, "cancelled", "a test")
    for file in tmp_path.glob("runs.sqlite*"):
        file.unlink()
    states.file.write_text("no database")
    done = run(tmp_path, "runs")
    assert done.returncode == 0
    assert row.id in done.stdout
    assert "cancelled" in done.stdout


def test_a_locked_states_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process, so that it does not wait for the 30 seconds."""
    from dlexplain.cli import main
    from dlexplain.settings import settings

    monkeypatch.setattr("dlexplain.execution.states.TIMEOUT_SECONDS", 0.1)
    file = states_file(settings().home)
    row = States(file).add(SERIES)
    locked = sqlite3.connect(file, isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")
    try:
        assert main(["cancel", row.id]) == 1
    finally:
        locked.execute("ROLLBACK")
        locked.close()
    assert capsys.readouterr().err == (
        f"dlexplain: {file} is locked by another process; try again, or end what holds it\n"
    )
    States(file).cancel(row.id)
