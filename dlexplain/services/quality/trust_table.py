"""Maps that have been judged, as a table: means with intervals, ranks, tests."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BAD_JSON
from dlexplain.evaluation.intervals import LEAST, bootstrap_mean
from dlexplain.evaluation.ranking import critical_difference, example_ranks, friedman
from dlexplain.params import as_dict
from dlexplain.results import Ranking, TrustCell, TrustMethod, TrustMetric, TrustTable
from dlexplain.results.trust import LEVEL
from dlexplain.services.quality.trust_plan import Measured, Planned, TrustPlan

Floats = NDArray[np.float64]
RANKING = "faithfulness"
"""The family of the metrics that rank."""


@dataclass(frozen=True)
class Judged:
    """One method's map of one example.

    seconds  None where there is no map;  lost  why there is none, or why it says nothing
    values, units  by metric;  why  of metrics that could not be measured
    """

    place: int
    method: str
    seconds: float | None
    evaluations: int
    values: Mapping[str, float]
    units: Mapping[str, str]
    lost: str = ""
    why: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """A line; JSON has no NaN."""
        known = {k: v if math.isfinite(v) else None for k, v in self.values.items()}
        return {**asdict(self), "values": known}

    @classmethod
    def read(cls, line: bytes) -> "Judged | None":
        """None for a line that a crash or a bad disk has damaged."""
        try:
            told = json.loads(line)
            values = {k: math.nan if v is None else float(v) for k, v in told["values"].items()}
            seconds = None if told["seconds"] is None else float(told["seconds"])
            place, method, evaluations = (
                int(told["place"]),
                str(told["method"]),
                told["evaluations"],
            )
            return cls(
                place, method, seconds, int(evaluations), values, dict(told["units"]),
                str(told["lost"]), dict(told["why"]),
            )  # fmt: skip
        except BAD_JSON:
            return None


def tabulated(about: Mapping[str, Any], plan: TrustPlan, judged: Iterable[Judged]) -> TrustTable:
    """Of the examples of which every method has been judged.

    about  the table's other facts
    """
    by_place: dict[int, dict[str, Judged]] = {}
    for one in judged:
        by_place.setdefault(one.place, {})[one.method] = one
    names = [one.method.name for one in plan.methods]
    rows = [
        [by_place[place][name] for name in names]
        for place in sorted(by_place)
        if all(name in by_place[place] for name in names)
    ]
    values = {one.metric.name: _values(rows, one, len(names)) for one in plan.metrics}
    ranking = [m for m in plan.metrics if _ranks(m)]
    ranks = _ranked(ranking, values)
    seed = int(about["seed"])
    return TrustTable(
        **about,
        done=len(rows),
        methods=tuple(
            _method(one, [row[i] for row in rows], None if ranks is None else ranks[:, i], seed)
            for i, one in enumerate(plan.methods)
        ),
        metrics=tuple(_metric(one, rows) for one in plan.metrics),
        cells=tuple(
            _cell(name, one, values[one.metric.name][:, i], [row[i] for row in rows], seed)
            for i, name in enumerate(names)
            for one in plan.metrics
        ),
        ranking=None if ranks is None else _tests(ranks),
    )


def _ranks(measured: Measured) -> bool:
    metric = measured.metric
    return metric.family == RANKING and metric.higher_is_better is not None


def _values(rows: list[list[Judged]], measured: Measured, methods: int) -> Floats:
    """(examples, methods), NaN where it was not measured."""
    name = measured.metric.name
    found = [[one.values.get(name, math.nan) for one in row] for row in rows]
    return np.array(found, dtype=np.float64).reshape(len(rows), methods)


def _ranked(ranking: list[Measured], values: Mapping[str, Floats]) -> Floats | None:
    """(examples, methods) or None where there is too little to rank by."""
    if not ranking:
        return None
    gains = [values[m.metric.name] * (1 if m.metric.higher_is_better else -1) for m in ranking]
    ranks = example_ranks(np.stack(gains, axis=1))
    return ranks if len(ranks) >= LEAST else None


def _tests(ranks: Floats) -> Ranking:
    count, methods = ranks.shape
    chi_squared, p = friedman(ranks)
    return Ranking(count, chi_squared, p, critical_difference(methods, count, LEVEL))


def _method(asked: Planned, maps: list[Judged], ranks: Floats | None, seed: int) -> TrustMethod:
    made = [one for one in maps if one.seconds is not None]
    seconds = np.array([one.seconds for one in made] or [math.nan], dtype=np.float64)
    low, middle, high = np.quantile(seconds, [0.25, 0.5, 0.75])
    rank, rank_low, rank_high = (None,) * 3 if ranks is None else bootstrap_mean(ranks, seed)
    return TrustMethod(
        name=asked.method.name,
        title=asked.method.title,
        params=asked.request.to_dict(),
        seconds=float(middle),
        seconds_low=float(low),
        seconds_high=float(high),
        evaluations=float(np.median([one.evaluations for one in made] or [0])),
        maps=len(made),
        rank=rank,
        rank_low=rank_low,
        rank_high=rank_high,
        lost=sum(bool(one.lost) for one in maps),
        note=asked.note,
    )


def _metric(measured: Measured, rows: list[list[Judged]]) -> TrustMetric:
    metric = measured.metric
    units = (one.units[metric.name] for row in rows for one in row if metric.name in one.units)
    return TrustMetric(
        name=metric.name,
        title=metric.title,
        family=metric.family,
        higher_is_better=metric.higher_is_better,
        limits=metric.limits,
        unit=next(units, ""),
        params=as_dict(measured.params),
        ranks=_ranks(measured),
    )


def _cell(
    method: str, measured: Measured, values: Floats, maps: list[Judged], seed: int
) -> TrustCell:
    metric, known = measured.metric.name, values[~np.isnan(values)]
    if len(known) >= LEAST:
        return TrustCell(method, metric, len(known), *bootstrap_mean(known, seed))
    whys = [one.why.get(metric) or one.lost for one in maps if metric not in one.values]
    why = next(filter(None, whys), f"{len(known)} values are too few for an interval")
    mean = float(known.mean()) if len(known) else None
    return TrustCell(method, metric, len(known), mean, why=why)
