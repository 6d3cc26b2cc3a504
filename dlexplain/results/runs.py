"""Trainings: what a run is and does, its curves, and what its test found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.params import Value
from dlexplain.results.certainty import examples_of, scored
from dlexplain.results.drawing import plot

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
        """Part of the training steps that is done, 0 to 1."""
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
    return any(word in key.rpartition("/")[2] for word in LOWER_IS_BETTER)


@dataclass(frozen=True, eq=False)
class ClassificationTest:
    """What a picture classifier did on its test part.

    confusion  (classes, classes) counts, rows the truth, columns what was said
    pixels     (mistakes, side, side, channels) uint8, the surest mistakes first
    truth, said, share   of each mistake: its class, the class said, its probability
    """

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    truth: NDArray[np.int64]
    said: NDArray[np.int64]
    share: NDArray[np.float32]

    def plot(self) -> Any:
        """The confusion matrix."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts from every origin of the test part, beside what came.

    names            the targets; forecasters, the model first, then the plain ones to beat
    mase, rmse       (forecasters, horizon, targets)
    coverage         (levels, horizon, targets), the part of the truth inside each interval
    coverage_levels  of the intervals, in percent
    quantiles        (quantiles,) ascending; forecasts (origins, horizon, targets, quantiles)
    truth            (origins, horizon, targets)
    origins          (origins,) dates; dates, levels: (time,) and (time, targets), the whole series
    """

    names: tuple[str, ...]
    forecasters: tuple[str, ...]
    mase: NDArray[np.float64]
    rmse: NDArray[np.float64]
    coverage: NDArray[np.float64]
    coverage_levels: tuple[int, ...]
    quantiles: tuple[float, ...]
    forecasts: NDArray[np.float32]
    truth: NDArray[np.float32]
    origins: NDArray[np.datetime64]
    dates: NDArray[np.datetime64]
    levels: NDArray[np.float32]

    def plot(self) -> Any:
        """Forecast against truth of the first target from the last origin."""
        return plot(self)


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
