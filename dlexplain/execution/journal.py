"""The metrics of a run, in a file of its folder: what pages draw, and what MLflow is told later.

One JSON object a line: {"step": 12, "at": 1700000000.5, "values": {"train/loss": 0.25}}. Lines are
only ever added; a step that was done again after a crash has two, and the later one counts.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from dlexplain.errors import BAD_JSON
from dlexplain.execution.files import append_lines, whole_lines
from dlexplain.execution.paths import journal_file


@dataclass(frozen=True)
class Point:
    """One value of a metric: at which optimiser step, when (seconds since 1970)."""

    key: str
    value: float
    step: int
    at: float


def append(home: Path, run: str, points: Sequence[Point]) -> None:
    """Add points and flush them to the disk; raises OSError, adding none, where they do not fit."""
    groups = groupby(points, key=lambda point: (point.step, point.at))
    lines = [
        json.dumps({"step": step, "at": at, "values": {p.key: p.value for p in group}})
        for (step, at), group in groups
    ]
    append_lines(journal_file(home, run), lines)


def read(home: Path, run: str, start: int = 0) -> tuple[list[Point], int]:
    """The points of all whole lines from a place in the file on, and the place behind them."""
    lines, behind = whole_lines(journal_file(home, run), start)
    return [point for line in lines for point in _points(line)], behind


def _points(line: bytes) -> list[Point]:
    """Those of one line; [] for one that a crash or a bad disk has damaged."""
    try:
        told = json.loads(line)
        step, at = int(told["step"]), float(told["at"])
        found = [Point(str(k), float(v), step, at) for k, v in told["values"].items()]
    except BAD_JSON:
        return []
    return [point for point in found if math.isfinite(point.value)]


def has_journal(home: Path, run: str) -> bool:
    return journal_file(home, run).exists()


def histories(home: Path, runs: Sequence[str], key: str) -> dict[str, list[Point]]:
    """A metric's points by step of each run, [] for one that does not have it."""
    return {run: list(_by_key(home, run).get(key, ())) for run in runs}


def history(home: Path, run: str, key: str) -> list[Point]:
    return histories(home, [run], key)[run]


def latest_by_step(points: Iterable[Point]) -> list[Point]:
    """By step; of a step that was done again, the last."""
    kept: dict[int, Point] = {}
    for point in points:
        if point.step not in kept or point.at >= kept[point.step].at:
            kept[point.step] = point
    return [kept[step] for step in sorted(kept)]


def _by_key(home: Path, run: str) -> dict[str, list[Point]]:
    try:
        found = journal_file(home, run).stat()
    except FileNotFoundError:
        return {}
    return _sorted(home, run, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=64)
def _sorted(home: Path, run: str, changed: int, size: int) -> dict[str, list[Point]]:
    """Read once for all metrics of a page; `changed` and `size` say whether it still holds."""
    groups: dict[str, list[Point]] = {}
    for point in read(home, run)[0]:
        groups.setdefault(point.key, []).append(point)
    return {key: latest_by_step(points) for key, points in groups.items()}
