"""What pages show until there is something of the user's own; scripts/page_examples.py makes it."""

from dataclasses import replace

from dlexplain.execution.paths import shipped_example
from dlexplain.language import SOURCE, language
from dlexplain.results.reports import Report
from dlexplain.results.run_groups import GroupedRuns
from dlexplain.results.sweeps import Sweep
from dlexplain.services.shipped_results import read_one

ABOUT_RUNS = "The article's CNN on digits with three activations, five seeds of each."
"""As the runs' file says it; here for the translators."""
SWEEP = "example"
"""The id of the sweep that comes along, which is none that a home folder gives."""


def example_runs() -> GroupedRuns | None:
    """Runs to compare; None where the file is damaged, as of the others."""
    return read_one(shipped_example("runs"), GroupedRuns.from_dict)


def example_sweep() -> Sweep | None:
    """A sweep whose runs are not here."""
    found = read_one(shipped_example("sweep"), Sweep.from_dict)
    if found is None:
        return None
    return replace(found, id=SWEEP, trials=tuple(replace(t, run="") for t in found.trials))


def example_report() -> Report | None:
    """A report of a picture's explanation, in the reader's language: its charts have words."""
    names = dict.fromkeys((SOURCE, language()))
    found = [read_one(shipped_example(f"report.{name}"), Report.from_dict) for name in names]
    return found[-1] or found[0]
