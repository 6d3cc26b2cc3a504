"""Runs that belong together, such as the seeds of one spec: their mean and how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
