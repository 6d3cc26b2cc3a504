"""Runs in groups: which belong together, their mean curves, their scores, how groups differ."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput, known_names
from dlexplain.evaluation.means import holm, of_mean, welch
from dlexplain.results import Curve, RunRecord
from dlexplain.results.run_groups import LEAST, Band, GroupDifference, GroupScore, RunGroup
from dlexplain.services.training.comparison import differences, run_labels

NOTHING, FAMILY, SPEC = "nothing", "family", "spec without seed"
NOT_COMPUTED = ("seed", "device")
"""What two runs of one spec may differ in."""
TOO_FEW = f"fewer than {LEAST} runs in a group: too few to say"
NO_SPREAD = "neither group has any spread: no test is defined"
DIFFERENCE_COLUMNS = (
    "first", "second", "metric", "n_first", "n_second", "difference", "low_95", "high_95", "p",
    "p_holm", "verdict",
)  # fmt: skip
MOST_POINTS = 500
"""Of an interpolated band."""


def group_choices(records: Sequence[RunRecord]) -> list[str]:
    """By what these runs can be grouped: nothing, family, spec, and each field that differs."""
    fields = [key for key in differences(records) if key not in NOT_COMPUTED]
    return [NOTHING, *([FAMILY] if any(r.family for r in records) else []), SPEC, *fields]


def default_grouping(records: Sequence[RunRecord]) -> str:
    """`spec without seed` where several runs differ by the seed only, else `nothing`."""
    seeds: dict[str, set[object]] = {}
    for record in records:
        seeds.setdefault(_spec_key(record), set()).add(record.flat.get("seed"))
    return SPEC if any(len(found) > 1 for found in seeds.values()) else NOTHING


def group_runs(records: Sequence[RunRecord], by: str) -> list[RunGroup]:
    """The runs in groups, in the order of their first runs; each run is in one.

    by  "nothing", "family" (a run without one stands alone), "spec without seed" (nor device and
        name), or a field of the spec, such as "model.width"
    Raises BadInput for a field that no run has.
    """
    fields = dict.fromkeys(key for record in records for key in record.flat)
    if by not in (NOTHING, FAMILY, SPEC, *fields):
        known = known_names(by, (NOTHING, FAMILY, SPEC, *fields))
        raise BadInput(f'runs cannot be grouped by "{by}"; {known}')
    found: dict[str, list[RunRecord]] = {}
    for record in records:
        found.setdefault(_key(record, by), []).append(record)
    labels = _labels(list(found.values()), by)
    return [
        RunGroup(label, tuple(record.id for record in group))
        for label, group in zip(labels, found.values(), strict=True)
    ]


def _key(record: RunRecord, by: str) -> str:
    if by == NOTHING:
        return record.id
    if by == FAMILY:
        return record.family or f"run {record.id}"
    return _spec_key(record) if by == SPEC else str(record.flat.get(by, ""))


def _spec_key(record: RunRecord) -> str:
    told = {key: value for key, value in record.flat.items() if key not in NOT_COMPUTED}
    return json.dumps(told, sort_keys=True, default=str)


def _labels(groups: Sequence[Sequence[RunRecord]], by: str) -> list[str]:
    """A name for each group, unique among these."""
    if by not in (NOTHING, FAMILY, SPEC):
        short = by.rpartition(".")[2].replace("_", " ")
        return [f"{short} {group[0].flat.get(by, 'not said')}" for group in groups]
    firsts = [group[0] for group in groups]
    if by == SPEC:  # what a group's runs differ in does not name the group
        firsts = [
            replace(r, flat={k: v for k, v in r.flat.items() if k not in NOT_COMPUTED})
            for r in firsts
        ]
    labels = run_labels(firsts)
    if by == FAMILY:
        return [f"{labels[r.id]}, {r.family}" if r.family else labels[r.id] for r in firsts]
    return [labels[record.id] for record in firsts]


def bands(
    groups: Sequence[RunGroup],
    curves: Sequence[Curve],
    over: str = "step",
    smooth: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda values: values,
) -> list[Band]:
    """The mean curve of each group that has one.

    over    "step", or "minutes" since each curve's first point
    smooth  what is done to each run's values before the mean is taken
    Runs that were measured at the same places are taken as they are. Otherwise each is interpolated
    linearly between its own points, from the first to the last place that all of them reach; a
    group whose runs share no place has no band.
    """
    known = {curve.run: curve for curve in curves}
    found = (
        _band(group.label, [known[run] for run in group.runs if run in known], over, smooth)
        for group in groups
    )
    return [band for band in found if band is not None]


def _band(
    label: str,
    curves: Sequence[Curve],
    over: str,
    smooth: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> Band | None:
    if not curves:
        return None
    places = [places_of(curve, over) for curve in curves]
    smoothed = [smooth(curve.values) for curve in curves]
    alike = all(np.array_equal(place, places[0]) for place in places)
    x = places[0] if alike else _shared(places)
    if not len(x):
        return None
    values = np.array(
        smoothed
        if alike
        else [np.interp(x, place, value) for place, value in zip(places, smoothed, strict=True)]
    )
    mean, sd, low, high = of_mean(values)
    cut = any(place[-1] > x[-1] for place in places)
    return Band(
        label, curves[0].key, x.astype(float), mean, sd, low, high, tuple(curves), not alike, cut
    )


def places_of(curve: Curve, over: str) -> NDArray[np.float64]:
    """Where a curve's points lie: optimiser steps, or minutes since its first point."""
    if over == "step":
        return curve.steps.astype(float)
    found: NDArray[np.float64] = (curve.at - curve.at[0]) / 60
    return found


def _shared(places: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """All places that lie within every run's range, thinned out where they are very many."""
    first, last = max(p[0] for p in places), min(p[-1] for p in places)
    x = np.unique(np.concatenate(places))
    within: NDArray[np.float64] = x[(x >= first) & (x <= last)]
    if len(within) > MOST_POINTS:
        within = within[np.linspace(0, len(within) - 1, MOST_POINTS).round().astype(int)]
    return within


def scores(
    groups: Sequence[RunGroup], key: str, values: dict[str, float | None]
) -> list[GroupScore]:
    """Mean, deviation and interval of a metric in each group; one of which no run has it is left
    out.

    values  run -> the metric's value, None where it has none
    """
    found = []
    for group in groups:
        have = [value for run in group.runs if (value := values.get(run)) is not None]
        if have:
            mean, sd, low, high = (float(number) for number in of_mean(np.array(have)))
            found.append(GroupScore(group.label, key, tuple(have), mean, sd, low, high))
    return found


def group_differences(found: Sequence[GroupScore]) -> list[GroupDifference]:
    """Every pair of groups by Welch's t-test, the p values corrected by Holm over these pairs."""
    pairs = [_difference(first, second) for first, second in combinations(found, 2)]
    tested = [pair for pair in pairs if not pair.why_not]
    corrected = iter(holm([pair.p for pair in tested]))
    return [pair if pair.why_not else replace(pair, p_holm=next(corrected)) for pair in pairs]


def _difference(first: GroupScore, second: GroupScore) -> GroupDifference:
    apart = GroupDifference(
        first.group, second.group, first.key, (first.n, second.n), second.mean - first.mean
    )
    if min(apart.n) < LEAST:
        return replace(apart, why_not=TOO_FEW)
    tested = welch(first.values, second.values)
    if tested is None:
        return replace(apart, why_not=NO_SPREAD)
    return replace(apart, low=tested.low, high=tested.high, p=tested.p)


def bands_csv(found: Sequence[Band]) -> str:
    """One row a place: group, metric, place, mean, deviation, interval, n."""
    rows = [
        [b.group, b.key, b.x[i], b.mean[i], b.sd[i], b.low[i], b.high[i], b.n]
        for b in found
        for i in range(len(b))
    ]
    return _csv(["group", "metric", "x", "mean", "sd", "low_95", "high_95", "n"], rows)


def scores_csv(found: Sequence[GroupScore]) -> str:
    """One row a group and metric, with the values of the runs."""
    rows = [
        [s.group, s.key, s.mean, s.sd, s.low, s.high, s.n, " ".join(map(repr, s.values))]
        for s in found
    ]
    return _csv(["group", "metric", "mean", "sd", "low_95", "high_95", "n", "values"], rows)


def differences_csv(found: Sequence[GroupDifference]) -> str:
    """One row a pair of groups."""
    return _csv(
        DIFFERENCE_COLUMNS,
        [
            [d.first, d.second, d.key, *d.n, d.difference, d.low, d.high, d.p, d.p_holm, d.verdict]
            for d in found
        ],
    )


def _csv(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """What is no number is left empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow(["" if value != value else value for value in row])
    return buffer.getvalue()
