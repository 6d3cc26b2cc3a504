"""What is kept of a measurement of robustness while it is made: see services.kept."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from dlexplain.errors import BAD_JSON
from dlexplain.services.attack.robust_subject import Row
from dlexplain.services.kept import KeptAnswers, KeptQuestion


@dataclass(frozen=True)
class RobustnessQuestion(KeptQuestion):
    """What was asked.

    examples  digest of them and their labels, in their order;  count  that were asked for
    norm, budgets, attacks, corruptions, map_method  as RobustnessPlan.facts has them
    """

    words: ClassVar[Mapping[str, str]] = {
        "model": "its model is {before}, not {now}",
        "model_fingerprint": "its model had other weights",
        "count": "it is of {before} examples, not of {now}",
        "examples": "its examples were others, or have changed since",
        "seed": "its seed is {before}, not {now}",
        "norm": "its budgets were in {before}, not in {now}",
        "budgets": "its budgets were others",
        "attacks": "its attacks, or their parameters, were others",
        "corruptions": "its corruptions, or their severities, were others",
        "map_method": "its maps were by {before}, not by {now}",
    }
    model: str
    model_fingerprint: str
    count: int
    examples: str
    seed: int
    norm: str
    budgets: list[float]
    attacks: Mapping[str, Mapping[str, Any]]
    corruptions: list[str]
    map_method: str


@dataclass(frozen=True)
class Answered:
    """A question about a block of examples. first  place of the first one"""

    key: str
    first: int
    rows: list[Row]

    def to_dict(self) -> dict[str, Any]:
        """A line."""
        return vars(self)


class RobustnessStore(KeptAnswers[RobustnessQuestion]):
    """A line is one question about a block of examples, answered."""

    asked = RobustnessQuestion

    def read(self) -> dict[tuple[int, str], Answered]:
        """What is done, by place and key; lines that a crash has damaged are not."""
        found = (_read(line) for line in self.lines())
        return {(one.first, one.key): one for one in found if one is not None}


def _read(line: bytes) -> Answered | None:
    try:
        told = json.loads(line)
        rows: list[Row] = [[_number(value) for value in row] for row in told["rows"]]
        return Answered(str(told["key"]), int(told["first"]), rows)
    except BAD_JSON:
        return None


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return value
