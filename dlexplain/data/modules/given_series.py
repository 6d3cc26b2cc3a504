"""Series that a user gives, to score a trained forecaster on every origin after its training
period.

Scored are the origins whose targets all lie after the model's validation part, as in its run's own
test: the first is the last period of that part, and a file that goes on for longer has more. All
scales are those of the training, which the card's facts hold, so the same file gives the run's own
errors.
"""

from collections.abc import Mapping
from typing import Any

from dlexplain.data.given_table import (
    as_trained,
    check_facts,
    one_csv,
    origins_of_test,
    read_given,
    windows_of,
)
from dlexplain.data.modules.base import GIVEN
from dlexplain.data.modules.series import SeriesModule
from dlexplain.settings import local_path


def given_series(
    path: str, facts: Mapping[str, Any], files: Mapping[str, str], task_params: Mapping[str, Any]
) -> SeriesModule:
    """The test part has every origin after the training period; the others are the same.

    path  a CSV with a date column and the model's series, FRED-MD's with its row of codes too, or
          a folder with one such file. The series are transformed by the card's codes.
    Raises DataError for what lacks a series, has another frequency, gaps, or too few rows.
    """
    check_facts(facts)
    window, horizon = int(task_params["window"]), int(task_params["horizon"])
    # one row for differences
    data = as_trained(read_given(one_csv(local_path(path)), facts, window + horizon + 1), facts)
    origins = origins_of_test(data, facts, window, horizon)
    windows = windows_of(data, facts, window, horizon, origins)
    module = SeriesModule(windows, batch_size=2, seed=0)
    sizes = {**facts.get("sizes", {}), "test": len(origins)}
    module.facts = {**facts, "sizes": sizes, "notes": list(data.notes)}
    module.notes = data.notes
    return module


GIVEN.add("forecast", given_series)
