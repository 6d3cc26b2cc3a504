"""How a worker ended its run, in a file of the run's folder, for when the states file was not free.

A run that has finished is not taken for interrupted, and does not run again, because the states
file was locked or its disk full while its worker ended.
"""

import json
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dlexplain.errors import BAD_JSON
from dlexplain.execution.files import write_whole
from dlexplain.execution.paths import ended_file
from dlexplain.execution.rows import TRANSITIONS, RunRow, State

_log = logging.getLogger("dlexplain.worker")


@dataclass(frozen=True)
class Ended:
    """The state in which a worker, known by process and birth, left its run, why and when."""

    pid: int | None
    born: float | None
    state: State
    why: str
    at: float


def note_end(home: Path, row: RunRow, state: str, why: str) -> None:
    """Write it down, unless the disk is full; then the states file alone tells."""
    ended = {"pid": row.pid, "born": row.born, "state": state, "why": why, "at": time.time()}
    file = ended_file(home, row.id)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(ended).encode())
    except OSError as error:
        _log.warning("how the run ended is only in the states file: %s", error)


def how_it_ended(home: Path, row: RunRow) -> Ended | None:
    """What the worker that the row names has noted; None where it came to no end."""
    with suppress(OSError, *BAD_JSON):
        ended = Ended(**json.loads(ended_file(home, row.id).read_text()))
        its = (ended.pid, ended.born) == (row.pid, row.born) and ended.at >= (row.started or 0.0)
        if its and ended.state in TRANSITIONS["running"]:
            return ended
    return None
