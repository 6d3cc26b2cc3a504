"""What is kept of a table of trust while it is made: see services.kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from dlexplain.services.kept import KeptAnswers, KeptQuestion
from dlexplain.services.quality.trust_table import Judged


@dataclass(frozen=True)
class TrustQuestion(KeptQuestion):
    """What was asked.

    examples  digest of them, in their order;  count  that were asked for
    methods, metrics  parameters by name
    """

    words: ClassVar[Mapping[str, str]] = {
        "model": "its model is {before}, not {now}",
        "model_fingerprint": "its model had other weights",
        "count": "it is of {before} examples, not of {now}",
        "examples": "its examples were others, or have changed since",
        "seed": "its seed is {before}, not {now}",
        "methods": "its methods, or their parameters, were others",
        "metrics": "its metrics, or their parameters, were others",
    }
    model: str
    model_fingerprint: str
    count: int
    examples: str
    seed: int
    methods: Mapping[str, Mapping[str, Any]]
    metrics: Mapping[str, Mapping[str, Any]]


class TrustStore(KeptAnswers[TrustQuestion]):
    """A line is one method's map of one example, judged."""

    asked = TrustQuestion

    def read(self) -> dict[tuple[int, str], Judged]:
        """What is done, by place and method; lines that a crash has damaged are not."""
        found = (Judged.read(line) for line in self.lines())
        return {(one.place, one.method): one for one in found if one is not None}
