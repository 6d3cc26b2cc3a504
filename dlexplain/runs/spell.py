"""One spell of a process at a run: it attaches, beats, trains, and says how that ended."""

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from dlexplain.errors import DlexplainError
from dlexplain.runs import paths
from dlexplain.runs.ending import Ending, Stopped
from dlexplain.runs.recording import read_unsent, write_unsent
from dlexplain.runs.reporting import Reporter
from dlexplain.runs.saved import kept_told
from dlexplain.runs.states import States
from dlexplain.runs.store import Tracking

PATIENT_SECONDS = 30.0
"""How long the end of a run is tried to be written down, on a disk that is full."""
Train = Callable[[Path, Reporter], None]
_log = logging.getLogger("dlexplain.worker")


def spell(run: str, home: Path, tracking: Tracking, train: Train) -> str:
    """Train a run that is running and has no worker; returns the state that it ended in.

    That is "gone" where the run was taken from this process, which then leaves its state alone.
    Raises UnknownName or RunError, changing nothing, where the run is not this process's to train.
    """
    states = States(paths.states_file(home))
    with Ending() as ending:
        reporter = Reporter(states, tracking, states.attach(run), ending)
        state, why = _attempt(home, reporter, train)
        ending.closed = True
        _log.info("%s: %s", state, why)
        _write_unsent(home, reporter)
        if state == "gone" or reporter.gone:
            return "gone"
        _end(states, reporter, state, why)
    return state


def _attempt(home: Path, reporter: Reporter, train: Train) -> tuple[str, str]:
    """Train; returns the state to end in, and why."""
    try:
        reporter.recall(read_unsent(home, reporter.row.id))
        reporter.start()
        train(home, reporter)
        return "finished", "trained and tested"
    except Stopped as stop:
        return stop.state, stop.why
    except KeyboardInterrupt:
        return "interrupted", "stopped at the keyboard"
    except DlexplainError as error:
        return "failed", str(error)
    except OSError as error:
        name = f" ({Path(error.filename).name})" if isinstance(error.filename, str) else ""
        what = f"{error.strerror or error}{name}"
        kept = kept_told(paths.checkpoint_folder(home, reporter.row.id))
        return "failed", f"a file could not be read or written: {what}; {kept}"
    except Exception as error:  # nobody is above to tell, so the state tells
        _log.exception("run %s failed", reporter.row.id)
        return "failed", f"{type(error).__name__}: {error}"


def _write_unsent(home: Path, reporter: Reporter) -> None:
    left = reporter.stop()
    try:
        write_unsent(home, reporter.row.id, left)
    except OSError as error:
        _log.error("%d metrics are lost: %s", len(left), error)
    else:
        if left:
            _log.warning("%d metrics that MLflow did not take are kept in unsent.json", len(left))


def _end(states: States, reporter: Reporter, state: str, why: str) -> None:
    """Write the state down, waiting for room on the disk, and tell MLflow."""
    stop = time.monotonic() + PATIENT_SECONDS
    while True:
        try:
            row = states.move(reporter.row.id, state, why)  # type: ignore[arg-type]
            break
        except sqlite3.Error as error:
            if time.monotonic() > stop:  # the run is found interrupted then
                _log.error("that the run is %s could not be written down: %s", state, error)
                return
            time.sleep(1)
    try:
        reporter.tracking.set_state(row)
        reporter.tracking.catch_up(states.all())
    except Exception as error:  # a server that is away; the states file has it
        _log.warning("MLflow was not told that the run is %s: %s", state, error)
