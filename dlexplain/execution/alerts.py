"""Tells a webhook that a run has ended, in a process of its own: -m dlexplain.execution.alerts.

Whoever ends a run leaves a file in the home folder, and `start_alerts` starts this process, one for
each home folder, so that no page and no worker waits for the address. It tries a few times and
gives up; `alert_problem` says so.
"""

import json
import logging
import re
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from filelock import FileLock, Timeout

from dlexplain.errors import BAD_JSON
from dlexplain.execution import paths, process
from dlexplain.execution.delivery import at_most, reason
from dlexplain.execution.files import write_whole
from dlexplain.execution.process import lower_priority
from dlexplain.execution.rows import RunRow
from dlexplain.settings import settings

NICE = 19
SECONDS = 5.0
"""For one try, whatever the server does."""
PAUSES = (5.0, 30.0, 120.0)
"""Seconds before each further try; then it is given up."""
DIVERGED = re.compile(
    r"(the loss became (?:nan|-?inf)|the weights are no numbers any more) at step"
)
SAID = re.compile(
    r"(trained and tested|cancelled by the user(?:; saved at step \d+)?|cancelled before it began"
    r"|the worker was asked to end(?:; saved at step \d+)?"
    r"|its worker \(process \d+\) is gone(?:, without saving)?|it never started"
    r"|stopped at the keyboard)(?:, on node .*)?"
    r"|(its worker could not be started): .*|(worker \d+ of \d+ died \([\w ]+\)); .*",
    re.DOTALL,
)
"""Reasons that hold nothing of the user's; others may quote a path or a text."""
UNSAID = "the run's page says why"
_log = logging.getLogger("dlexplain.alerts")


def payload(row: RunRow) -> dict[str, Any]:
    """What is told of a run: no path, no text of the data, no parameter.

    event  "ended", or "diverged" where the loss became no number
    """
    progress: Mapping[str, Any] = row.progress
    diverged = DIVERGED.match(row.why)
    said = SAID.fullmatch(row.why)
    why = diverged[1] if diverged else next(filter(None, said.groups())) if said else UNSAID
    return {
        "event": "diverged" if diverged else "ended",
        "run": row.id,
        "name": row.name,
        "state": row.state,
        "why": why,
        "monitor": str(progress.get("monitor", "")),
        "best": progress.get("best"),
        "seconds": round(row.seconds, 1),
    }


def note_alert(home: Path, row: RunRow) -> None:
    """Leave what is to be told of a run that has ended, where a webhook is set."""
    if not settings().webhook or row.active:
        return
    folder = paths.alerts_folder(home)
    with suppress(OSError):  # a full disk: nobody is told of it
        folder.mkdir(parents=True, exist_ok=True)
        told = {"payload": payload(row), "tries": 0, "again": 0.0}
        write_whole(folder / f"{row.id}.json", json.dumps(told).encode())


def start_alerts(home: Path) -> None:
    """Start the process that tells the webhook, where there is something to tell and none is."""
    if not settings().webhook or not _waiting(home):
        return
    try:
        with FileLock(paths.alerts_lock(home), timeout=0):
            pass  # nobody holds it
        process.start(home, "dlexplain.execution.alerts", log=paths.alerts_log(home))
    except Timeout:
        return
    except OSError as error:
        _log.warning("the webhook is not told: %s", error)


def alert_problem(home: Path) -> str:
    """A sentence where the webhook has not taken what it was told last, "" where it has."""
    with suppress(OSError, *BAD_JSON):
        told = json.loads(paths.alerts_file(home).read_text())
        if told["host"] == _host(settings().webhook):
            return f"the webhook at {told['host']} was not told of run {told['run']}: {told['why']}"
    return ""


def _host(address: str) -> str:
    """All that is shown of the address, which may hold a secret."""
    return urlsplit(address).hostname or ""


def _waiting(home: Path) -> list[Path]:
    folder = paths.alerts_folder(home)
    return sorted(folder.glob("*.json")) if folder.is_dir() else []


class _NoRedirect(HTTPRedirectHandler):
    """What is told goes to the address that was set, and to no other."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def send(address: str, told: Mapping[str, Any]) -> None:
    """Raises OSError, TimeoutError among it, where the server does not take it in SECONDS, or
    HTTPException where what it answers is no HTTP."""
    headers = {"Content-Type": "application/json", "User-Agent": "dlexplain"}
    asked = Request(address, json.dumps(dict(told)).encode(), headers, method="POST")
    with at_most(SECONDS), build_opener(_NoRedirect).open(asked, timeout=SECONDS):
        pass


def send_all(home: Path, address: str, pauses: tuple[float, ...] = PAUSES) -> None:
    """Until nothing waits: each is told, or given up after as many further tries as pauses."""
    while waiting := _waiting(home):
        for file in waiting:
            _try(home, address, file, pauses)
        if waiting := _waiting(home):
            time.sleep(min(1.0, *pauses))


def _try(home: Path, address: str, file: Path, pauses: tuple[float, ...]) -> None:
    try:
        told = json.loads(file.read_text())
        found, tries, again = (
            dict(told["payload"]),
            max(0, int(told["tries"])),
            float(told["again"]),
        )
        run = str(found["run"])
    except (OSError, *BAD_JSON):
        file.unlink(missing_ok=True)  # damaged: nothing can be told
        return
    # More than the longest pause ahead where the clock was set back since.
    if pauses and 0 < again - time.time() <= max(pauses):
        return
    try:
        send(address, found)
    except (OSError, ValueError, HTTPException) as error:
        why = f"it answers {error.code}" if isinstance(error, HTTPError) else reason(error)
        _log.warning("run %s, try %d: %s", run, tries + 1, why)
        _keep_failure(home, {"host": _host(address), "run": run, "why": why})
        if tries >= len(pauses):
            file.unlink(missing_ok=True)
            return
        told |= {"tries": tries + 1, "again": time.time() + pauses[tries]}
        try:
            write_whole(file, json.dumps(told).encode())
        except OSError:  # a full disk: without the count it would be tried for ever
            file.unlink(missing_ok=True)
    else:
        file.unlink(missing_ok=True)
        paths.alerts_file(home).unlink(missing_ok=True)


def _keep_failure(home: Path, failure: Mapping[str, str]) -> None:
    with suppress(OSError):
        write_whole(paths.alerts_file(home), json.dumps(dict(failure)).encode())


def main() -> int:
    """Tell the webhook of this home's runs, unless another process does."""
    lower_priority(NICE)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    home, address = settings().home, settings().webhook
    try:
        with FileLock(paths.alerts_lock(home), timeout=0):
            if address:
                send_all(home, address)
    except Timeout:
        _log.info("another process tells the webhook")
    return 0


if __name__ == "__main__":
    sys.exit(main())
