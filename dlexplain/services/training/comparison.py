"""Several runs beside each other: what differs, and every metric as last, best or at a step."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

from dlexplain.data.base import SPLITS
from dlexplain.results import Curve, RunRecord
from dlexplain.services.training.runs import curves

Which = Literal["last", "best", "at step"]
MOST_SAID = 3
"""Parameters in the label of a run whose name others have too."""
CurvesOf = Callable[[Sequence[RunRecord], str], list[Curve]]


def differences(records: Sequence[RunRecord]) -> dict[str, list[str]]:
    """What is not the same in all specs: parameter -> its value in each run, "" where not said."""
    keys = dict.fromkeys(key for record in records for key in record.flat)
    table = {key: [str(r.flat.get(key, "")) for r in records] for key in keys}
    return {key: values for key, values in table.items() if len(set(values)) > 1}


def run_labels(records: Sequence[RunRecord]) -> dict[str, str]:
    """A name for each run by its id, unique among these: runs of one name are told apart by what
    differs in their specs, "cnn on digits (learning_rate 0.1)", and by their ids where nothing
    does.
    """
    alike: dict[str, list[RunRecord]] = {}
    for record in records:
        alike.setdefault(record.name, []).append(record)
    labels = {}
    for name, group in alike.items():
        differ = differences(group) if len(group) > 1 else {}
        for index, record in enumerate(group):
            said = [f"{k.rpartition('.')[2]} {v[index] or 'none'}" for k, v in differ.items()]
            more = f" and {len(said) - MOST_SAID} more" if len(said) > MOST_SAID else ""
            told = ", ".join(said[:MOST_SAID]) + more
            labels[record.id] = f"{name} ({told})" if told else name
    counts = Counter(labels.values())
    return {
        run: f"{label} ({run})" if counts[label] > 1 else label for run, label in labels.items()
    }


def metric_table(
    records: Sequence[RunRecord],
    keys: Sequence[str],
    which: Which = "last",
    step: int = 0,
    curves_of: CurvesOf = curves,
) -> dict[str, list[float | None]]:
    """metric -> its value in each run, None where the run has none (yet, at that step).

    `last` needs no curve; `best` is the largest, or smallest where lower is better; `at step`
    is the last value at or before it.
    """
    if which == "last":
        return {key: [r.metrics.get(key) for r in records] for key in keys}
    table: dict[str, list[float | None]] = {}
    for key in keys:
        found = {curve.run: curve for curve in curves_of(records, key)}
        table[key] = [_value(found.get(record.id), which, step) for record in records]
    return table


def _value(curve: Curve | None, which: Which, step: int) -> float | None:
    if curve is None:
        return None
    value = curve.best if which == "best" else curve.at_step(step)
    return value if value == value else None  # NaN: nothing before that step


def curves_csv(found: Sequence[Curve]) -> str:
    """One row a point: run, name, metric, step, value, seconds since the curve's first point."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["run", "name", "metric", "step", "value", "seconds"])
    for curve in found:
        for step, value, at in zip(curve.steps, curve.values, curve.at, strict=True):
            seconds = round(float(at - curve.at[0]), 3)
            writer.writerow([curve.run, curve.name, curve.key, int(step), float(value), seconds])
    return buffer.getvalue()


def table_csv(records: Sequence[RunRecord], metrics: dict[str, list[float | None]]) -> str:
    """One row a run: its parameters, its examples by split, then its metrics."""
    keys = list(dict.fromkeys(key for record in records for key in record.flat))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    sizes = [f"n.{split}" for split in SPLITS]
    writer.writerow(["run", "name", "state", "seconds", *keys, *sizes, *metrics])
    for index, record in enumerate(records):
        values = [metrics[key][index] for key in metrics]
        writer.writerow(
            [record.id, record.name, record.state, round(record.seconds, 3)]
            + [record.flat.get(key, "") for key in keys]
            + [record.sizes.get(split, "") for split in SPLITS]
            + ["" if value is None else value for value in values]
        )
    return buffer.getvalue()
