"""How much of the server one person may take: runs at once, disk, minutes a day.

It is asked when a run is begun or resumed, so what is at work goes on; a trial of a sweep that
would go beyond a quota fails with its sentence.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from dlexplain.errors import BadInput
from dlexplain.execution.paths import run_folder
from dlexplain.execution.states import Change, RunRow, States
from dlexplain.people import Person
from dlexplain.settings import settings

DAY_SECONDS = 24 * 3600.0


def check_quota(states: States, person: Person, more: int = 1) -> None:
    """Raises BadInput, with what is taken and what may be, where so many runs more are too much for
    this person; admins and this machine's own user have none."""
    given = settings()
    if person.role == "admin" or not (given.person_runs or given.person_mb or given.person_minutes):
        return
    own = [row for row in states.all() if row.owner == person.email]
    active = sum(row.active for row in own)
    if given.person_runs and active + more > given.person_runs:
        raise BadInput(
            f"you have {active} runs queued or at work, and {more} more would go beyond "
            f"{given.person_runs}, the most of one person here; wait for one, or cancel it"
        )
    if given.person_mb and (taken := disk_mb(own, given.home)) >= given.person_mb:
        raise BadInput(
            f"your runs take {taken:,.0f} MB; one person's may take {given.person_mb:,.0f} MB "
            "here, so delete some first"
        )
    if given.person_minutes and (spent := minutes(states, own)) >= given.person_minutes:
        raise BadInput(
            f"your runs have been at work for {spent:,.0f} minutes in the last 24 hours; one "
            f"person's may be for {given.person_minutes:,.0f}, so come back later"
        )


def disk_mb(rows: Sequence[RunRow], home: Path) -> float:
    """What the runs' folders take, in megabytes (10^6 bytes)."""
    files = (file for row in rows for file in run_folder(home, row.id).rglob("*"))
    return sum(_bytes(file) for file in files) / 1e6


def _bytes(file: Path) -> int:
    try:
        stat = file.lstat()
    except OSError:  # a run at work replaces its latest checkpoint
        return 0
    return stat.st_size


def minutes(states: States, rows: Sequence[RunRow], now: float | None = None) -> float:
    """Minutes for which the runs were at work in the last 24 hours, all together."""
    now = time.time() if now is None else now
    seconds = sum(
        at_work(states.changes(row.id), now - DAY_SECONDS, now)
        for row in rows
        if row.began and (row.active or (row.ended or now) > now - DAY_SECONDS)
    )
    return seconds / 60


def at_work(changes: Sequence[Change], since: float, now: float) -> float:
    """Seconds between `since` and `now` in which a run with these changes was running."""
    seconds = 0.0
    for place, change in enumerate(changes):
        if change.state == "running":
            ended = changes[place + 1].at if place + 1 < len(changes) else now
            seconds += max(0.0, min(ended, now) - max(change.at, since))
    return seconds
