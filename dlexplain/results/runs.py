"""Runs, the data and the models of the zoo, and how well they do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.params import Value
from dlexplain.results.words import OF_HEAD, UNITS, examples_of, interval, scored

LOWER_IS_BETTER = ("loss", "error", "mase", "rmse", "perplexity", "distance")


@dataclass(frozen=True)
class StateChange:
    """When (seconds since 1970) a run came into a state, by whom, why."""

    at: float
    state: str
    who: str
    why: str


@dataclass(frozen=True)
class RunRecord:
    """A training run as it is known now.

    spec      everything that was asked, as RunSpec.to_dict gives it
    flat      the same under single names, such as "training.epochs"
    seconds   time at work so far, all attempts together
    phase     what its worker does, in words, while it is running; "" until the worker says so
    phase_seconds  how long it has done that; 0 for a run that is not running
    speed     optimiser steps a second; left: seconds until training ends, about
    monitor   the metric that says which epoch is best; best, last: its values
    metrics   the last value of every metric
    tracking  MLflow's id of the run, "" before it began
    checkpoint  optimiser steps of the newest checkpoint, from which a run that can be resumed goes
              on; None where there is none, or nothing to resume
    sizes     examples by split; {} before the data were read
    family    what it was started with, such as a sweep or the seeds of one spec: a name that all of
              them share; "" for a run started alone
    note      what a person wrote about it
    owner     e-mail address of whose it is; "" is this machine's own user
    shared    least role of others who may look at it, "viewer" or "member"; "" of a private one
    """

    id: str
    number: int
    name: str
    tags: tuple[str, ...]
    state: str
    why: str
    spec: Mapping[str, Any] = field(repr=False)
    flat: Mapping[str, Value] = field(repr=False)
    device: str
    created: float
    started: float | None
    ended: float | None
    seconds: float
    phase: str
    phase_seconds: float
    epoch: int
    epochs: int
    step: int
    steps: int
    speed: float
    left: float | None
    monitor: str
    best: float | None
    last: float | None
    metrics: Mapping[str, float] = field(repr=False)
    notes: tuple[str, ...]
    tracking: str
    checkpoint: int | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    family: str = ""
    note: str = ""
    starred: bool = False
    archived: bool = False
    owner: str = ""
    shared: str = ""

    def scored(self, key: str, value: float) -> str:
        """A metric's value with how sure it is: "80.0% [37.6–96.4%], n = 5"."""
        return scored(key, value, examples_of(key, self.sizes))

    @property
    def active(self) -> bool:
        return self.state in ("queued", "running")

    @property
    def resumable(self) -> bool:
        return self.state in ("interrupted", "cancelled", "failed")

    @property
    def resuming(self) -> str:
        """What resuming would do, in words; "" for a run that cannot be resumed."""
        if not self.resumable:
            return ""
        if self.checkpoint is None:
            return "there is no checkpoint, so it would start from the beginning"
        return f"it would go on from its checkpoint of step {self.checkpoint:,}"

    @property
    def begun(self) -> bool:
        """Whether it has ever been at work, rather than only queued."""
        return self.started is not None or self.seconds > 0

    @property
    def fraction(self) -> float:
        """Part of the training steps that is done, 0 to 1; 1 of a run that finished without any."""
        if self.state == "finished" and not self.steps:
            return 1.0
        return min(1.0, self.step / self.steps) if self.steps else 0.0

    @property
    def task(self) -> str:
        return str(self.spec["task"])

    @property
    def model(self) -> str:
        return str(self.spec["model"])

    @property
    def data(self) -> str:
        return str(self.spec["data"])

    def to_dict(self) -> dict[str, Any]:
        """The form that `runs --json` prints."""
        kept = {key: value for key, value in vars(self).items() if key != "flat"}
        return {**kept, "metrics": dict(self.metrics), "spec": dict(self.spec)}


@dataclass(frozen=True, eq=False)
class Curve:
    """A metric of a run over its optimiser steps.

    steps, values  (points,); at  (points,) seconds since 1970
    """

    run: str
    name: str
    key: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    at: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def last(self) -> float:
        return float(self.values[-1])

    @property
    def best(self) -> float:
        """The largest value, or the smallest where lower is better; see `lower_is_better`."""
        return float(self.values.min() if lower_is_better(self.key) else self.values.max())

    def at_step(self, step: int) -> float:
        """The last value at or before `step`; NaN before the first."""
        place = int(np.searchsorted(self.steps, step, side="right")) - 1
        return float(self.values[place]) if place >= 0 else float("nan")


def lower_is_better(key: str) -> bool:
    """Whether a metric is the better the smaller it is, by its name: "validation/loss" is."""
    name = key.rpartition("/")[2]
    return not name.startswith(OF_HEAD) and any(word in name for word in LOWER_IS_BETTER)


@dataclass(frozen=True)
class Estimate:
    """What a training would take on this machine, from a few steps that were measured.

    step_seconds  of one optimiser step, by precision; precision is the one that would be taken
    seconds       of the whole training, from start to test
    batch         examples in memory at once; less than asked where they do not fit
    memory        bytes: weights, gradients and optimiser state, plus on a GPU the measured peak
    samples       PNG of some training inputs after augmentation, b"" where they are no pictures
    """

    device: str
    parameters: int
    trainable: int
    step_seconds: Mapping[str, float]
    precision: str
    steps: int
    seconds: float
    batch: int
    memory: int
    sizes: Mapping[str, int]
    notes: tuple[str, ...]
    samples: bytes = field(repr=False, default=b"")


@dataclass(frozen=True)
class Score:
    """What `evaluate` found.

    n        examples scored; tokens for a language model, origins for a forecaster
    metrics  by name, such as accuracy (0 to 1), perplexity, bleu (0 to 100), mase
    notes    what was done to the data for the model to take them
    details  what the task says beyond, such as a forecaster's errors by series and horizon
    """

    model: str
    data: str
    n: int
    metrics: Mapping[str, float]
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    def interval(self, name: str) -> tuple[float, float] | None:
        """Wilson's 95% interval of a metric that is a part of the n examples; None for others."""
        return interval(name, self.metrics[name], self.n)

    def to_dict(self) -> dict[str, Any]:
        """The form that `evaluate --json` prints; details stand among the metrics."""
        metrics = dict(self.metrics) | ({"details": dict(self.details)} if self.details else {})
        known = {name: self.interval(name) for name in self.metrics}
        found = {"model": self.model, "data": self.data, "n": self.n, "metrics": metrics}
        sure = {name: list(within) for name, within in known.items() if within}
        return found | {"intervals_95": sure, "notes": list(self.notes)}

    def text(self, name: str) -> str:
        """A metric with its unit, or its interval, where it has one: "-106.2 nats"."""
        unit, within = UNITS.get(name, ""), self.interval(name)
        sure = f" [{within[0]:.3g}–{within[1]:.3g}]" if within else ""
        return f"{self.metrics[name]:.6g}{' ' * bool(unit)}{unit}{sure}"


FEW = 10
"""Examples of a class in a part below which that is said."""
NAMED = 5
"""Small classes that are named; of the rest the number."""


@dataclass(frozen=True)
class ClassBalance:
    """A classifier's data before the training.

    counts  examples of each class, in the order of `classes`, by split
    """

    classes: tuple[str, ...]
    counts: Mapping[str, tuple[int, ...]]

    @property
    def sizes(self) -> dict[str, int]:
        """Examples by split."""
        return {split: sum(counts) for split, counts in self.counts.items()}

    @property
    def split_words(self) -> str:
        """ "20 for training, 5 for validation, 5 for testing, in 2 classes" """
        parts = ", ".join(_part_told(split, n) for split, n in self.sizes.items())
        return f"{parts}, in {len(self.classes)} classes"

    def rows(self) -> list[dict[str, Any]]:
        """A row a class: its name, and its examples in each part."""
        return [
            {"class": name, **{split: counts[index] for split, counts in self.counts.items()}}
            for index, name in enumerate(self.classes)
        ]

    def few(self) -> list[str]:
        """A sentence for each part that has fewer than FEW examples of some class."""
        why = {
            "train": "there is little to learn those classes from",
            "validation": "the best epoch is chosen on very few",
            "test": "the score says little of those classes",
        }
        told = []
        for split, counts in self.counts.items():
            small = [
                f"{name} ({n})" for name, n in zip(self.classes, counts, strict=True) if n < FEW
            ]
            more = f" and {len(small) - NAMED} more" if len(small) > NAMED else ""
            if small:
                told.append(
                    f"Fewer than {FEW} {split} examples of {', '.join(small[:NAMED])}{more}: "
                    f"{why.get(split, 'they say little')}"
                )
        return told


def _part_told(split: str, n: int) -> str:
    if split == "train":
        return f"{n:,} for training"
    if split == "validation":
        return f"{n:,} for validation"
    return f"{n:,} for testing"
