"""What a run left when it was finished: its card, and what its test found."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.registry import Registry
from dlexplain.results import RunRecord
from dlexplain.runs import paths
from dlexplain.settings import settings

Kept = Mapping[str, NDArray[Any]]
"""The arrays that a task's `results` gave, by name."""
READERS: Registry[Callable[[Mapping[str, Any], Kept], Any]] = Registry("task with findings")
"""By task: (the data's facts from the card, arrays) -> a frozen result that can be drawn."""


def findings(record: RunRecord) -> Any:
    """What the test found, a result of the task's kind; None before the run has been tested, or
    where its task keeps nothing to draw."""
    file = paths.results_file(settings().home, record.id)
    task = str(record.spec["task"])
    if task not in READERS or not file.exists():
        return None
    with np.load(file, allow_pickle=False) as kept:
        return READERS[task](card(record).get("facts", {}), kept)


def card(record: RunRecord) -> dict[str, Any]:
    """What was trained, on what, how well, where; {} before the run has finished."""
    file = paths.card_file(settings().home, record.id)
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found
