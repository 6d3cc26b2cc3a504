"""How far the methods can be believed on one model: methods x metrics over a data set."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.params import Value
from dlexplain.results.explanations import plot
from dlexplain.results.words import csv_of

RANDOMISATION = "parameter-randomisation"
"""The metric that says whether a map depends on the model's weights."""
ALIKE = 0.5
"""A mean of it on the wrong side of this fails: the map of a model with random weights is more
alike than that."""
LEVEL = 0.05
"""Of both tests."""


@dataclass(frozen=True)
class TrustMethod:
    """A method of the table.

    params   as they were used;  note  where they are fewer than usual, or ""
    seconds  a map, the median;  seconds_low, seconds_high  between which the middle half lies
    evaluations  a map, the median;  maps  that were made
    rank     mean over the examples, 1 is best, with its 95% interval; None without a ranking
    lost     maps that said nothing and could not be judged: they rank last in their example
    """

    name: str
    title: str
    params: Mapping[str, Value]
    seconds: float
    seconds_low: float
    seconds_high: float
    evaluations: float
    maps: int
    rank: float | None = None
    rank_low: float | None = None
    rank_high: float | None = None
    lost: int = 0
    note: str = ""


@dataclass(frozen=True)
class TrustMetric:
    """A metric of the table, with its facts; see evaluation.base.Metric.

    ranks  whether it counts for the ranking
    """

    name: str
    title: str
    family: str
    higher_is_better: bool | None
    limits: tuple[float, float]
    unit: str
    params: Mapping[str, Value]
    ranks: bool = False

    @property
    def chance(self) -> float | None:
        """What a random map has: 0 of a gain over random, which may be below; else None."""
        return 0.0 if self.ranks and self.higher_is_better and self.limits[0] < 0 else None


@dataclass(frozen=True)
class TrustCell:
    """A metric of a method: mean over n examples with its bootstrap 95% interval.

    mean is None where nothing could be measured, low and high where n is too small; why says so
    """

    method: str
    metric: str
    n: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Ranking:
    """Friedman's test of the methods' ranks, and Nemenyi's critical difference of mean ranks.

    n  examples that count;  friedman  chi-squared;  p  its p-value
    critical_difference  at the 5% level
    """

    n: int
    friedman: float
    p: float
    critical_difference: float


@dataclass(frozen=True)
class TrustTable:
    """Methods x metrics over a data set.

    data     what the examples are, in words;  noun  what one is called, in the plural
    count    examples that were asked for;  found  that there are;  done  of which every method has
             been judged
    cells    by method, then metric
    model_fingerprint, date, machine, command, versions  where it comes from; date  ISO 8601, UTC
    notes    sentences that its reader should know
    """

    model: str
    model_fingerprint: str
    modality: str
    data: str
    noun: str
    count: int
    found: int
    done: int
    seed: int
    methods: tuple[TrustMethod, ...]
    metrics: tuple[TrustMetric, ...]
    cells: tuple[TrustCell, ...]
    ranking: Ranking | None
    date: str
    machine: str
    command: str
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def cell(self, method: str, metric: str) -> TrustCell:
        """One of them; raises KeyError."""
        for found in self.cells:
            if (found.method, found.metric) == (method, metric):
                return found
        raise KeyError(f"{method}, {metric}")

    @property
    def ranked(self) -> tuple[TrustMethod, ...]:
        """The best first; methods as they came where there is no ranking."""
        return tuple(sorted(self.methods, key=lambda m: m.rank or 0.0))

    def fails(self, method: str) -> bool:
        """Whether its map hardly depends on the model's weights, as far as that was measured."""
        for metric in self.metrics:
            if metric.name == RANDOMISATION:
                mean = self.cell(method, metric.name).mean
                if mean is None:
                    return False
                return mean < ALIKE if metric.higher_is_better else mean > ALIKE
        return False

    def beats_chance(self, method: str) -> bool:
        """Whether the interval of some gain over random lies above 0; True where none is a gain."""
        gains = [m for m in self.metrics if m.chance is not None]
        lows = [self.cell(method, m.name).low for m in gains]
        return not gains or any(low is not None and low > 0 for low in lows)

    @property
    def recommended(self) -> str:
        """The method of the best mean rank that beats chance and depends on the weights; "" where
        Friedman's test tells no methods apart, none is left, or the best of those left is no better
        than the methods are in the mean: the last one standing is not one to recommend."""
        if self.ranking is None or not self.ranking.p < LEVEL or not self.sound:
            return ""
        best = self.sound[0]
        return best.name if (best.rank or 0.0) < (len(self.methods) + 1) / 2 else ""

    @property
    def sound(self) -> tuple[TrustMethod, ...]:
        """Those that beat chance and depend on the weights, the best first."""
        known = (m for m in self.ranked if not self.fails(m.name))
        return tuple(m for m in known if self.beats_chance(m.name))

    def beside(self, method: str) -> tuple[TrustMethod, ...]:
        """Those whose mean ranks are within the critical difference of its own: not told apart."""
        own = next(m.rank for m in self.methods if m.name == method)
        if own is None or self.ranking is None:
            return ()
        reach = self.ranking.critical_difference
        others = (m for m in self.ranked if m.name != method and m.rank is not None)
        return tuple(m for m in others if abs((m.rank or 0.0) - own) < reach)

    @property
    def groups(self) -> tuple[tuple[int, int], ...]:
        """First and last place in `ranked` of each largest group of methods whose mean ranks all
        lie within the critical difference."""
        if self.ranking is None:
            return ()
        means, reach = [m.rank or 0.0 for m in self.ranked], self.ranking.critical_difference
        found: list[tuple[int, int]] = []
        for first, mean in enumerate(means):
            last = max(place for place, other in enumerate(means) if other - mean < reach)
            if last > first and (not found or last > found[-1][1]):
                found.append((first, last))
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """The form that `trust --json` prints and that is shipped."""
        told = asdict(self)
        for metric in told["metrics"]:
            metric["limits"] = [None if abs(x) == float("inf") else x for x in metric["limits"]]
        return {**told, "recommended": self.recommended}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """Raises BadInput for anything else."""
        try:
            known = {key: value for key, value in told.items() if key != "recommended"}
            ranking = known["ranking"]
            return cls(
                **{
                    **known,
                    "methods": tuple(TrustMethod(**one) for one in known["methods"]),
                    "metrics": tuple(_metric(one) for one in known["metrics"]),
                    "cells": tuple(TrustCell(**one) for one in known["cells"]),
                    "ranking": None if ranking is None else Ranking(**ranking),
                    "notes": tuple(known["notes"]),
                }
            )
        except BAD_JSON as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise BadInput(f"this is no table of trust: {why}") from error

    def plot(self) -> Any:
        """Mean ranks and the critical difference."""
        return plot(self)

    def to_csv(self) -> str:
        """A row a method and metric."""
        methods = {m.name: m for m in self.methods}
        metrics = {m.name: m for m in self.metrics}
        return csv_of([_row(self, methods[c.method], metrics[c.metric], c) for c in self.cells])


def _metric(told: Mapping[str, Any]) -> TrustMetric:
    low, high = told["limits"]
    ends = (float("-inf") if low is None else low, float("inf") if high is None else high)
    return TrustMetric(**{**told, "limits": ends})


def _row(
    table: TrustTable, method: TrustMethod, metric: TrustMetric, cell: TrustCell
) -> dict[str, Any]:
    return {
        "model": table.model,
        "data": table.data,
        "method": method.name,
        "metric": metric.name,
        "mean": cell.mean,
        "low": cell.low,
        "high": cell.high,
        "n": cell.n,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "mean_rank": method.rank,
        "fails_randomisation": table.fails(method.name),
        "seconds_a_map": method.seconds,
        "evaluations_a_map": method.evaluations,
        "why": cell.why,
    }
