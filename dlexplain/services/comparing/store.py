"""What is kept of a comparison of models while it is made: see services.kept."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from dlexplain.errors import BAD_JSON
from dlexplain.results.model_comparison import ComparedExample, ShownExample, shown_of
from dlexplain.services.kept import KeptAnswers, KeptQuestion


@dataclass(frozen=True)
class ComparisonQuestion(KeptQuestion):
    """What was asked.

    models    names of the first, the second, and the control, "" where there is none
    fingerprints  of all that explain;  requests  parameters that each is asked with
    examples  digest of them and their labels, in their order;  count  that were asked for
    """

    words: ClassVar[Mapping[str, str]] = {
        "models": "its models were others",
        "control_kind": "its control is of the kind {before}, not {now}",
        "fingerprints": "one of its models had other weights",
        "method": "its method is {before}, not {now}",
        "requests": "parameters of its method were others",
        "count": "it is of {before} examples, not of {now}",
        "examples": "its examples were others, or have changed since",
        "seed": "its seed is {before}, not {now}",
    }
    models: list[str]
    control_kind: str
    fingerprints: list[str]
    method: str
    requests: list[Mapping[str, Any]]
    count: int
    examples: str
    seed: int


@dataclass(frozen=True)
class Compared:
    """An example that is done, and its maps."""

    example: ComparedExample
    shown: ShownExample

    def to_dict(self) -> dict[str, Any]:
        """A line."""
        return asdict(self)


class ComparisonStore(KeptAnswers[ComparisonQuestion]):
    """A line is one example."""

    asked = ComparisonQuestion

    def read(self) -> dict[int, Compared]:
        """What is done, by place; lines that a crash has damaged are not."""
        found = (_read(line) for line in self.lines())
        return {one.example.place: one for one in found if one is not None}


def _read(line: bytes) -> Compared | None:
    try:
        told = json.loads(line)
        example = ComparedExample(**{**told["example"], "said": tuple(told["example"]["said"])})
        return Compared(example, shown_of(told["shown"]))
    except BAD_JSON:
        return None
