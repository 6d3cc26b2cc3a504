"""The report of a training run: how well it does, its curves, its test, its spec."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dlexplain.figures.curves import plot_curves
from dlexplain.figures.reports.making import chart_of
from dlexplain.language import tr
from dlexplain.results import Curve, RunRecord, plot
from dlexplain.results.explained import FollowedRun
from dlexplain.results.reports import About, Chart, Part, Report, Rows, Section, Words, report_of
from dlexplain.results.words import capital, duration, listed, metric_name, sentence

TESTED = ("ClassificationTest", "TextTest", "Backtest", "LanguageTest", "MultiTaskTest",
          "Reconstructions", "GeneratedPictures")  # fmt: skip
"""Kinds of tests that draw themselves."""
POINTS, MOST_BYTES = 1_000, 1_000_000
"""Of a curve, and of the figure of a test, at most: a report is to stay below 5 MB."""


@report_of.register
def report_run(found: FollowedRun, about: About) -> Report:
    """How well the run does, how it came there, what it was told."""
    record = found.record
    return Report(
        "run",
        f"{record.name} ({record.id})",
        tr(f"How well does run {record.id}, {record.model} on {record.data}, do?"),
        _answer(record),
        (_metrics(record), *_curves(found.curves), *_tested(found), _spec(record)),
        about,
    )


def _answer(record: RunRecord) -> str:
    tested = [key for key in record.metrics if key.startswith("test/")]
    asked = record.monitor.rpartition("/")[2]
    tested.sort(key=lambda key: (key.rpartition("/")[2] != asked, "loss" in key))
    keys = tested or [key for key in (record.monitor,) if key in record.metrics]
    told = listed([f"{metric_name(key)} {record.scored(key, record.metrics[key])}"
                   for key in keys[:3]])  # fmt: skip
    took = tr(f"It is {record.state} after {record.epoch} of {record.epochs} epochs")
    took += f" and {duration(max(1, record.seconds))}."
    why = f" {sentence(record.why.rstrip('.'))}" if record.why and record.state == "failed" else ""
    return f"{f'{capital(told)}. ' if told else ''}{took}{why}"


def _metrics(record: RunRecord) -> Section:
    rows = tuple(
        (metric_name(key), record.scored(key, value))
        for key, value in sorted(record.metrics.items())
    )
    parts: list[Part] = (
        [Rows((tr("Metric"), tr("Last value, 95% interval, n")), rows)] if rows else []
    )
    parts += [Words(note) for note in (record.note, *record.notes) if note]
    parts = parts or [Words(tr("Nothing is measured yet."))]
    return Section(tr("How well it does"), tuple(parts))


def _curves(groups: Sequence[Sequence[Curve]]) -> tuple[Section, ...]:
    parts = [_chart(group) for group in groups]
    return (Section(tr("Curves"), tuple(parts)),) if parts else ()


def _chart(group: Sequence[Curve]) -> Chart:
    thin = [_thinned(curve) for curve in group]
    fewer = any(len(one) < len(curve) for one, curve in zip(thin, group, strict=True))
    told = tr(f"Of a longer curve {POINTS:,} points, evenly over its steps.") if fewer else ""
    alt = tr(f"Curves of {listed([_name(curve) for curve in group])}")
    return chart_of(plot_curves(thin, by="key"), alt, told)


def _thinned(curve: Curve) -> Curve:
    """At most POINTS of its points, the first and the last among them."""
    if len(curve) <= POINTS:
        return curve
    kept = np.linspace(0, len(curve) - 1, POINTS).round().astype(np.int64)
    return replace(curve, steps=curve.steps[kept], values=curve.values[kept], at=curve.at[kept])


def _name(curve: Curve) -> str:
    return metric_name(curve.key)


def _tested(found: FollowedRun) -> tuple[Section, ...]:
    if type(found.tested).__name__ not in TESTED:
        return ()
    chart = chart_of(plot(found.tested), tr("What the test found"))
    large = len(json.dumps(chart.figure)) > MOST_BYTES
    told = Words(tr("The figure of its test is too large for a report; the run's page draws it."))
    return (Section(tr("Its test"), (told if large else chart,)),)


def _spec(record: RunRecord) -> Section:
    rows = tuple((key, str(value)) for key, value in record.flat.items())
    return Section(tr("What it was told"), (Rows((tr("Parameter"), tr("Value")), rows),))
