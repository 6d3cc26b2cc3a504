"""The report of a training run: how well it does, its curves, its test, its spec."""

from collections.abc import Sequence

from dlexplain.figures.curves import plot_curves
from dlexplain.figures.reports.making import chart_of
from dlexplain.results import Curve, RunRecord, plot
from dlexplain.results.explained import FollowedRun
from dlexplain.results.reports import About, Part, Report, Rows, Section, Words, report_of
from dlexplain.results.words import capital, duration, listed, metric_name, sentence

TESTED = ("ClassificationTest", "TextTest", "Backtest", "LanguageTest", "MultiTaskTest",
          "Reconstructions", "GeneratedPictures")  # fmt: skip
"""Kinds of tests that draw themselves."""


@report_of.register
def report_run(found: FollowedRun, about: About) -> Report:
    """How well the run does, how it came there, what it was told."""
    record = found.record
    return Report(
        "run",
        f"{record.name} ({record.id})",
        f"How well does run {record.id}, {record.model} on {record.data}, do?",
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
    took = f"It is {record.state} after {record.epoch} of {record.epochs} epochs"
    took += f" and {duration(max(1, record.seconds))}."
    why = f" {sentence(record.why.rstrip('.'))}" if record.why and record.state == "failed" else ""
    return f"{f'{capital(told)}. ' if told else ''}{took}{why}"


def _metrics(record: RunRecord) -> Section:
    rows = tuple(
        (metric_name(key), record.scored(key, value))
        for key, value in sorted(record.metrics.items())
    )
    parts: list[Part] = [Rows(("Metric", "Last value, 95% interval, n"), rows)] if rows else []
    parts += [Words(note) for note in (record.note, *record.notes) if note]
    parts = parts or [Words("Nothing is measured yet.")]
    return Section("How well it does", tuple(parts))


def _curves(groups: Sequence[Sequence[Curve]]) -> tuple[Section, ...]:
    parts = [
        chart_of(plot_curves(group, by="key"), f"Curves of {listed([_name(c) for c in group])}")
        for group in groups
    ]
    return (Section("Curves", tuple(parts)),) if parts else ()


def _name(curve: Curve) -> str:
    return metric_name(curve.key)


def _tested(found: FollowedRun) -> tuple[Section, ...]:
    if type(found.tested).__name__ not in TESTED:
        return ()
    return (Section("Its test", (chart_of(plot(found.tested), "What the test found"),)),)


def _spec(record: RunRecord) -> Section:
    rows = tuple((key, str(value)) for key, value in record.flat.items())
    return Section("What it was told", (Rows(("Parameter", "Value"), rows),))
