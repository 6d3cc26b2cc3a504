"""Training runs in a sentence."""

from collections.abc import Sequence

from dlexplain.results.runs import RunRecord
from dlexplain.results.words import capital, duration, metric_name


def outcome(record: RunRecord) -> str:
    """What a finished run came to on its test data, or its best epoch on the validation data; ""
    where it has neither."""
    name = record.monitor.rpartition("/")[2]
    key = f"test/{name}"
    if key in record.metrics:
        return f"{metric_name(key)} {record.scored(key, record.metrics[key])}"
    if record.best is None:
        return ""
    return f"{metric_name(record.monitor)} {record.scored(record.monitor, record.best)}"


def run_verdict(record: RunRecord) -> str:
    """What became of one run; "" while it is at work, which is shown as it goes on."""
    if record.active:
        return ""
    told = f"{record.name} has {record.state} after {duration(record.seconds)}"
    if record.state == "failed":
        told = f"{record.name} failed in epoch {record.epoch} of {record.epochs}"
    elif record.state != "finished":
        told = f"{record.name} was stopped in epoch {record.epoch} of {record.epochs}"
    came = outcome(record)
    return f"{told}: {came}." if came else f"{told}."


def runs_verdict(records: Sequence[RunRecord]) -> str:
    """How many there are, and the newest that has finished."""
    active = sum(record.active for record in records)
    told = f"{len(records):,} runs, {active:,} of them at work"
    if len(records) == 1:
        told = "One run, which is at work" if active else "One run, which is not at work"
    finished = [record for record in records if record.state == "finished"]
    if not finished:
        return f"{told}; none has finished yet."
    newest = max(finished, key=lambda record: record.ended or 0.0)
    came = outcome(newest)
    told = f"{told}; the last to finish is {newest.name}."
    return f"{told} {capital(came)}." if came else told
