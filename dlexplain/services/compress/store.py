"""What is kept of a measurement of compressed models while it is made: see services.kept."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dlexplain.errors import BAD_JSON
from dlexplain.services.kept import KeptAnswers, KeptQuestion


@dataclass(frozen=True)
class CompressionQuestion(KeptQuestion):
    """What was asked.

    models   [name, digest of its weights], the original first
    limit    largest batch that is tried;  count  turns
    machine  as Machine has it, and torch's version
    """

    words: ClassVar[Mapping[str, str]] = {
        "model": "its model is {before}, not {now}",
        "models": "its models were others, or had other weights",
        "limit": "its largest batch is {before}, not {now}",
        "count": "it is of {before} turns, not of {now}",
        "seed": "its seed is {before}, not {now}",
        "machine": "it was measured on another machine, or with another torch",
    }
    model: str
    models: list[list[str]]
    limit: int
    count: int
    seed: int
    machine: Mapping[str, Any]


@dataclass
class Done:
    """What is known so far.

    looks    by place: what `look` gives, and its date;  batches  best ones, by place
    turns    by number: {"visits": [[[seconds, processor] of one, of the best batch] a model], ...}
    """

    looks: dict[int, dict[str, Any]] = field(default_factory=dict)
    batches: dict[int, int] = field(default_factory=dict)
    turns: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add(self, answer: Mapping[str, Any]) -> None:
        """Raises ValueError, KeyError or TypeError for what is no answer."""
        if "look" in answer:
            keys = ("size", "zipped", "parameters", "zeros", "memory")
            found = {key: int(answer["look"][key]) for key in keys}
            self.looks[int(answer["place"])] = {**found, "date": str(answer["date"])}
        elif "batch" in answer:
            self.batches[int(answer["place"])] = int(answer["batch"])
        else:
            visits = [[list(map(_number, pair)) for pair in one] for one in answer["visits"]]
            load = answer["load"]
            self.turns[int(answer["turn"])] = {
                "visits": visits,
                "load": None if load is None else _number(load),
                "threads": int(answer["threads"]),
                "date": str(answer["date"]),
            }


class CompressionStore(KeptAnswers[CompressionQuestion]):
    """A line is a look at a model, its best batch, or a turn of all."""

    asked = CompressionQuestion

    def read(self) -> Done:
        """What is done; lines that a crash has damaged are not."""
        done = Done()
        for line in self.lines():
            try:
                done.add(json.loads(line))
            except BAD_JSON:
                continue
        return done


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)
