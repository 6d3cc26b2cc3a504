"""Runs that belong together, such as the seeds of one spec: their mean and how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.results.runs import Curve

LEAST = 3
"""Runs of a group below which nothing is said of a difference."""


@dataclass(frozen=True)
class RunGroup:
    """Runs under one label; ids in the order in which the runs were given."""

    label: str
    runs: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.runs)


@dataclass(frozen=True, eq=False)
class Band:
    """The mean curve of a group's runs, with its 95% t interval at each place.

        mean ± t(n - 1) s / sqrt(n)

    x             (points,) optimiser steps, or minutes since each run's first point
    mean          (points,); low, high: the interval, NaN where n is 1; sd: the sample's deviation
    curves        of the runs, as they were measured
    n             runs
    interpolated  whether the runs were measured at different places, and are interpolated between
    cut           whether some run goes on beyond the last place, to which all runs reach
    """

    group: str
    key: str
    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    curves: tuple[Curve, ...] = field(repr=False)
    interpolated: bool = False
    cut: bool = False

    @property
    def n(self) -> int:
        return len(self.curves)

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class GroupedRuns:
    """Runs in groups and what was recorded of them: what a comparison is drawn from.

    about   what was trained, in a sentence
    curves  of every metric and run
    tests   metric of the test -> run -> its value
    """

    about: str
    groups: tuple[RunGroup, ...]
    curves: tuple[Curve, ...] = field(repr=False)
    tests: Mapping[str, Mapping[str, float]] = field(repr=False)

    @property
    def keys(self) -> tuple[str, ...]:
        """The metrics that have curves."""
        return tuple(dict.fromkeys(curve.key for curve in self.curves))

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "GroupedRuns":
        """From what `to_dict` gave; raises BadInput for anything else."""
        try:
            return cls(
                str(given["about"]),
                tuple(
                    RunGroup(str(g["label"]), tuple(map(str, g["runs"]))) for g in given["groups"]
                ),
                tuple(_curve(curve) for curve in given["curves"]),
                {
                    str(key): {str(run): float(value) for run, value in values.items()}
                    for key, values in given["tests"].items()
                },
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"these are no runs in groups: {error!r}") from error

    def to_dict(self) -> dict[str, Any]:
        """For JSON; times are dropped, since they are of one machine."""
        return {
            "about": self.about,
            "groups": [{"label": one.label, "runs": list(one.runs)} for one in self.groups],
            "tests": {key: dict(values) for key, values in self.tests.items()},
            "curves": [
                {
                    "run": curve.run,
                    "key": curve.key,
                    "steps": curve.steps.tolist(),
                    "values": [float(f"{value:.5g}") for value in curve.values],
                }
                for curve in self.curves
            ],
        }


def _curve(given: Mapping[str, Any]) -> Curve:
    steps = np.array(given["steps"], np.int64)
    values = np.array(given["values"], np.float64)
    if steps.ndim != 1 or steps.shape != values.shape:
        raise ValueError(f"a curve has {steps.shape} steps and {values.shape} values")
    run, key = str(given["run"]), str(given["key"])
    return Curve(run, run, key, steps, values, np.zeros(len(steps)))


@dataclass(frozen=True)
class GroupScore:
    """A metric over a group's runs.

    values     of the runs that have it
    sd         the sample's standard deviation, with n - 1; NaN where n is 1
    low, high  95% t interval of the mean; NaN where n is 1
    """

    group: str
    key: str
    values: tuple[float, ...]
    mean: float
    sd: float
    low: float
    high: float

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def words(self) -> str:
        """ "0.912 [0.905, 0.919], SD 0.0074, n = 5" """
        if self.n < 2:
            return f"{self.mean:.5g}, n = {self.n}"
        return f"{self.mean:.5g} [{self.low:.5g}, {self.high:.5g}], SD {self.sd:.2g}, n = {self.n}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON, where NaN is null."""
        found = {"group": self.group, "metric": self.key, "n": self.n, "values": list(self.values)}
        numbers = {"mean": self.mean, "sd": self.sd, "low_95": self.low, "high_95": self.high}
        return {**found, **_nulled(numbers)}


@dataclass(frozen=True)
class GroupDifference:
    """How far two groups' means of a metric are apart: mean of `second` minus mean of `first`.

    low, high  95% interval of the difference by Welch's t
    p          of Welch's t-test, two-sided; p_holm: corrected by Holm over all pairs compared
    why_not    why there is no test, in words; "" where there is one, else all of these are NaN
    """

    first: str
    second: str
    key: str
    n: tuple[int, int]
    difference: float
    low: float = float("nan")
    high: float = float("nan")
    p: float = float("nan")
    p_holm: float = float("nan")
    why_not: str = ""

    @property
    def told_apart(self) -> bool:
        """Whether the corrected p is below 0.05."""
        return not self.why_not and self.p_holm < 0.05

    @property
    def verdict(self) -> str:
        if self.why_not:
            return self.why_not
        if self.told_apart:
            return f"{self.second} is {'higher' if self.difference > 0 else 'lower'}"
        return "not told apart"

    def to_dict(self) -> dict[str, Any]:
        """For JSON, where NaN is null."""
        found = {"first": self.first, "second": self.second, "metric": self.key}
        numbers = {"difference": self.difference, "low_95": self.low, "high_95": self.high}
        numbers |= {"p": self.p, "p_holm": self.p_holm}
        sizes = {"n_first": self.n[0], "n_second": self.n[1]}
        return {**found, **sizes, **_nulled(numbers), "verdict": self.verdict}


def _nulled(numbers: Mapping[str, float]) -> dict[str, float | None]:
    return {key: None if value != value else value for key, value in numbers.items()}
