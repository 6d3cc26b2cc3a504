"""When the states file was made anew, why, and where the old one is: for pages and `doctor`."""

import json
import logging
import math
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from dlexplain.errors import BAD_JSON
from dlexplain.execution.files import write_whole
from dlexplain.execution.paths import remade_file

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Remade:
    """
    at     seconds since 1970
    why    a sentence without its end
    aside  the name that the old file has now; "" where there was none
    runs   how many were found again
    """

    at: float
    why: str
    aside: str
    runs: int


def note_remade(home: Path, why: str, aside: str, runs: int) -> None:
    """Write it down, unless the disk is full."""
    told = Remade(time.time(), why, aside, runs)
    try:
        write_whole(remade_file(home), json.dumps(asdict(told)).encode())
    except OSError as error:
        _log.warning("that the states file was made anew is not written down: %s", error)


def remade(home: Path, within: float = math.inf) -> str:
    """A sentence where the file was made anew, "" where it never was, or where what was set aside
    has been removed since, as somebody does who has seen it.

    within  the last so many seconds
    """
    told = None
    with suppress(OSError, *BAD_JSON):
        found = json.loads(remade_file(home).read_text())
        at = float(found["at"])
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
        told = Remade(at, str(found["why"]), str(found["aside"]), int(found["runs"]))
    if told is None or time.time() - told.at > within:
        return ""
    if told.aside and not (home / told.aside).exists():
        return ""
    if not told.aside:
        return (
            f"On {when} the file of all runs was not there and was made anew; "
            f"runs that were found again: {told.runs}."
        )
    return (
        f"On {when} the file of all runs was made anew, since {told.why}; runs that were found "
        f"again: {told.runs}. The old file is kept as {told.aside}; remove it when you need it no "
        "more."
    )
