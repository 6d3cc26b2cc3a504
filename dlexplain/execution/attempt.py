"""One attempt of a process at a run: it attaches, beats, trains, and says how that ended."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dlexplain.errors import DlexplainError, StatesError
from dlexplain.execution import paths
from dlexplain.execution.alerts import note_alert
from dlexplain.execution.ended import note_end
from dlexplain.execution.ending import Ending, Stopped
from dlexplain.execution.executor import local_queue
from dlexplain.execution.files import kept_told
from dlexplain.execution.process import lower_priority
from dlexplain.execution.reporting import Reporter
from dlexplain.execution.states import States
from dlexplain.execution.telling import mark

PATIENT_SECONDS = 30.0
"""How long the end of a run is tried to be written down, on a disk that is full."""
Train = Callable[[Path, Reporter], None]
_log = logging.getLogger("dlexplain.worker")


def attempt(run: str, home: Path, train: Train, samples: bool = True) -> str:
    """Train a run that is running and has no worker; returns the state that it ended in.

    samples  whether what this process takes of the machine is among the metrics

    That is "gone" where the run was taken from this process, which then leaves its state alone.
    Raises UnknownName or RunError, changing nothing, where the run is not this process's to train.
    """
    states = States(paths.states_file(home))
    with Ending() as ending:
        reporter = Reporter(states, home, states.attach(run), ending, samples)
        state, why = _trained(home, reporter, train)
        ending.closed = True
        _log.info("%s: %s", state, why)
        reporter.flush()
        if state != "gone":
            note_end(home, reporter.row, state, why)
        left = reporter.stop()
        if state == "gone" or reporter.gone:
            return "gone"
        _end(states, reporter.row.id, state, why)
        with suppress(DlexplainError):  # nobody is told of a run that was deleted meanwhile
            note_alert(home, states.get(reporter.row.id))
        if left:
            _write_late(home, reporter)
    return state


def as_worker(run: str, niceness: int, work: Callable[[str], str]) -> int:
    """Have a process of its own be a run's worker, then start what is queued behind it; the exit
    status.

    work  trains the run, and returns the state that it ended in
    """
    lower_priority(niceness)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    state = "failed"
    try:
        state = work(run)
    except DlexplainError as error:
        _log.error("%s", error)
    if state != "interrupted":  # asked to end, as at a shutdown: not to start another
        local_queue().advance()
    return 0 if state in ("finished", "cancelled") else 1


def _trained(home: Path, reporter: Reporter, train: Train) -> tuple[str, str]:
    """Train; returns the state to end in, and why."""
    try:
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


def _write_late(home: Path, reporter: Reporter) -> None:
    """Metrics for which there was no room on the disk: by now there may be."""
    if reporter.flush():
        mark(home, reporter.row.id)
    else:
        _log.error("%d metrics are lost, there is no room for them", len(reporter.waiting()))


def _end(states: States, run: str, state: str, why: str) -> None:
    """Write the state down, waiting for room on the disk and for whoever has locked the file."""
    stop = time.monotonic() + PATIENT_SECONDS
    while True:
        try:
            states.move(run, state, why)  # type: ignore[arg-type]
            return
        except StatesError as error:
            if time.monotonic() > stop:  # whoever finds this worker gone reads how it ended
                _log.error("that the run is %s could not be written down: %s", state, error)
                return
            time.sleep(1)
