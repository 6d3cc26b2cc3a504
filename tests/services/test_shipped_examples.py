"""What pages show until there is something of the user's own: it is whole, and read as such."""

import json
from pathlib import Path

import numpy as np
import pytest

from dlexplain.errors import BadInput
from dlexplain.results.run_groups import GroupedRuns
from dlexplain.results.sweeps import Sweep
from dlexplain.services import shipped_examples
from dlexplain.services.shipped_examples import example_report, example_runs, example_sweep
from dlexplain.services.training.grouping import bands, group_differences, scores


def test_the_runs_are_three_specs_of_five_seeds() -> None:
    found = example_runs()
    assert found is not None
    assert found.about == shipped_examples.ABOUT_RUNS
    assert [len(group) for group in found.groups] == [5, 5, 5]
    for key in found.keys:
        of_key = [curve for curve in found.curves if curve.key == key]
        assert {curve.run for curve in of_key} == {run for g in found.groups for run in g.runs}
        assert [band.n for band in bands(found.groups, of_key)] == [5, 5, 5]
    told = scores(found.groups, "test/accuracy", dict(found.tests["test/accuracy"]))
    assert all(0.5 < one.low <= one.mean <= one.high <= 1.05 for one in told)
    assert len(group_differences(told)) == 3


def test_they_are_read_as_they_were_written() -> None:
    found = example_runs()
    assert found is not None
    again = GroupedRuns.from_dict(json.loads(json.dumps(found.to_dict())))
    assert (again.groups, again.tests) == (found.groups, found.tests)
    for one, other in zip(again.curves, found.curves, strict=True):
        assert (one.run, one.key) == (other.run, other.key)
        np.testing.assert_array_equal(one.values, other.values)


def test_the_sweep_ends_most_trials_early() -> None:
    found = example_sweep()
    assert found is not None
    assert (found.state, len(found.trials)) == ("finished", 30)
    assert found.best is not None and found.best.values[0] > 0.9
    assert sum(trial.state == "pruned" for trial in found.trials) >= 15
    assert {trial.run for trial in found.trials} == {""}  # their runs are not here
    again = Sweep.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again.trials == found.trials
    assert again.to_dict() == found.to_dict()


def test_the_report_has_its_answer_and_maps() -> None:
    found = example_report()
    assert found is not None
    assert (found.kind, "espresso" in found.answer) == ("picture", True)


@pytest.mark.parametrize("content", ["{}", "[]", '{"groups": 1}', "{cut", ""])
def test_what_is_damaged_is_not_shown(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "damaged.json"
    file.write_text(content)
    monkeypatch.setattr(shipped_examples, "shipped_example", lambda page: file)
    assert (example_runs(), example_sweep(), example_report()) == (None, None, None)


def test_what_is_no_sweep_is_told() -> None:
    with pytest.raises(BadInput, match="this is no sweep"):
        Sweep.from_dict({"aims": [{"metric": 1}]})
    with pytest.raises(BadInput, match="no runs in groups"):
        GroupedRuns.from_dict({"about": "", "groups": [], "tests": {}, "curves": [{"run": 1}]})
