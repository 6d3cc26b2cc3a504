"""Runs in groups: which belong together, their bands, their scores, and how they differ."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.errors import BadInput
from dlexplain.execution.spec import MAX_SEED
from dlexplain.results import Curve, RunRecord
from dlexplain.results.run_groups import RunGroup
from dlexplain.services.training import grouping
from dlexplain.services.training import runs as service
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.presets import preset
from tests.trained import digits_run

Out = pytest.CaptureFixture[str]


def record(run: str, width: int, seed: int, family: str = "", name: str = "mine") -> RunRecord:
    """As a real run, with what groups are made of changed."""
    like = service.run(digits_run())
    flat = {**like.flat, "model.width": width, "seed": seed}
    return replace(like, id=run, name=name, flat=flat, family=family)


def six() -> list[RunRecord]:
    return [record(f"r{w}{s}", w, s, f"seeds-{w}") for w in (4, 8) for s in (0, 1, 2)]


def curve(run: str, steps: list[int], values: list[float]) -> Curve:
    at = np.array(steps, float) * 6  # a step takes a tenth of a minute
    return Curve(run, run, "validation/loss", np.array(steps), np.array(values), at)


def test_runs_that_differ_by_the_seed_only_belong_together() -> None:
    records = six()
    assert grouping.default_grouping(records) == grouping.SPEC
    assert grouping.default_grouping([records[0], records[3]]) == grouping.NOTHING
    assert grouping.default_grouping([records[0], replace(records[0], id="x")]) == grouping.NOTHING
    found = grouping.group_runs(records, grouping.SPEC)
    assert [(g.label, g.runs) for g in found] == [
        ("mine (width 4)", ("r40", "r41", "r42")),
        ("mine (width 8)", ("r80", "r81", "r82")),
    ]
    mixed = [records[3], records[0], *records[4:], *records[1:3]]
    assert [g.runs[0] for g in grouping.group_runs(mixed, grouping.SPEC)] == ["r80", "r40"]


def test_by_family_by_a_field_and_by_nothing() -> None:
    alone = record("lone", 16, 0)
    records = [*six(), alone]
    assert grouping.group_choices(records) == ["nothing", "family", "spec without seed",
                                               "model.width"]  # fmt: skip
    families = grouping.group_runs(records, grouping.FAMILY)
    assert [len(group) for group in families] == [3, 3, 1]
    assert families[0].label.endswith(", seeds-4")
    widths = grouping.group_runs(records, "model.width")
    assert [group.label for group in widths] == ["width 4", "width 8", "width 16"]
    seeds = grouping.group_runs(records, "seed")
    assert seeds[0].runs == ("r40", "r80", "lone")
    assert len(grouping.group_runs(records, grouping.NOTHING)) == 7
    with pytest.raises(BadInput, match='by "model.widht"; known: .*did you mean "model.width"'):
        grouping.group_runs(records, "model.widht")


def test_a_band_is_mean_and_t_interval_at_each_shared_step() -> None:
    curves = [curve("a", [1, 2], [1, 4]), curve("b", [1, 2], [3, 5]), curve("c", [1, 2], [2, 9])]
    (band,) = grouping.bands([RunGroup("g", ("a", "b", "c"))], curves)
    assert list(band.mean) == [2.0, 6.0]
    for place, values in enumerate(([1, 3, 2], [4, 5, 9])):
        low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
        assert (band.low[place], band.high[place]) == pytest.approx((low, high))
    assert (band.n, band.interpolated, band.cut) == (3, False, False)


def test_runs_of_different_steps_are_interpolated_up_to_where_all_reach() -> None:
    curves = [curve("a", [0, 10, 20], [0, 10, 20]), curve("b", [5, 15], [1, 1])]
    (band,) = grouping.bands([RunGroup("g", ("a", "b"))], curves)
    assert list(band.x) == [5, 10, 15]
    assert list(band.mean) == [3.0, 5.5, 8.0]
    assert (band.interpolated, band.cut) == (True, True)
    apart = [curve("a", [0, 1], [0, 1]), curve("b", [5, 6], [0, 1])]
    assert grouping.bands([RunGroup("g", ("a", "b"))], apart) == []
    (alone,) = grouping.bands([RunGroup("g", ("a", "gone"))], curves)
    assert alone.n == 1
    assert np.isnan(alone.low).all()


def test_over_minutes_each_run_begins_at_its_own_first_point() -> None:
    curves = [curve("a", [10, 20], [0, 1]), curve("b", [110, 120], [2, 3])]
    (band,) = grouping.bands([RunGroup("g", ("a", "b"))], curves, over="minutes")
    assert list(band.x) == pytest.approx([0, 1])
    assert list(band.mean) == [1.0, 2.0]


def test_values_are_smoothed_before_the_mean() -> None:
    curves = [curve("a", [1, 2], [1, 3]), curve("b", [1, 2], [3, 7])]
    (band,) = grouping.bands([RunGroup("g", ("a", "b"))], curves, smooth=lambda v: v - v.mean())
    assert list(band.mean) == [-1.5, 1.5]


def three_groups() -> list[grouping.GroupScore]:
    values: dict[str, float | None] = {
        "a1": 0.90, "a2": 0.91, "a3": 0.92, "b1": 0.95, "b2": 0.96, "b3": 0.97, "b4": None,
        "c1": 0.5, "c2": 0.9,
    }  # fmt: skip
    groups = [
        RunGroup("a", ("a1", "a2", "a3")),
        RunGroup("b", ("b1", "b2", "b3", "b4")),
        RunGroup("c", ("c1", "c2")),
        RunGroup("none", ("d1",)),
    ]
    return grouping.scores(groups, "test/accuracy", values)


def test_scores_hold_the_runs_that_have_the_metric() -> None:
    first, second, third = three_groups()
    assert (first.n, second.n, third.n) == (3, 3, 2)
    assert (first.mean, first.sd) == pytest.approx((0.91, 0.01))
    expected = stats.t.interval(0.95, 2, 0.91, 0.01 / 3**0.5)
    assert (first.low, first.high) == pytest.approx(expected)
    assert first.words == "0.91 [0.88516, 0.93484], SD 0.01, n = 3"


def test_pairs_are_tested_by_welch_corrected_by_holm_and_few_runs_say_nothing() -> None:
    scores = three_groups()
    more = replace(scores[2], group="d", values=(0.3, 0.9, 0.6), mean=0.6, sd=0.3)
    found = grouping.group_differences([*scores, more])
    told = {(each.first, each.second): each for each in found}
    assert len(told) == 6
    welch = stats.ttest_ind([0.95, 0.96, 0.97], [0.90, 0.91, 0.92], equal_var=False)
    pair = told["a", "b"]
    assert pair.p == pytest.approx(welch.pvalue)
    assert pair.p_holm == pytest.approx(3 * welch.pvalue)  # the smallest of three tests
    within = welch.confidence_interval(0.95)
    assert (pair.low, pair.high) == pytest.approx((within.low, within.high))
    assert pair.verdict == "b is higher"
    assert told["a", "d"].verdict == "not told apart"
    assert told["a", "d"].p_holm == pytest.approx(min(1, 2 * told["b", "d"].p))
    few = told["a", "c"]
    assert few.verdict == "fewer than 3 runs in a group: too few to say"
    assert few.difference == pytest.approx(0.7 - 0.91)
    assert np.isnan(few.p)
    assert few.to_dict()["p_holm"] is None


def test_groups_without_spread_are_not_tested() -> None:
    first = grouping.scores([RunGroup("a", ("1", "2", "3"))], "k", dict.fromkeys("123", 1.0))
    second = grouping.scores([RunGroup("b", ("4", "5", "6"))], "k", dict.fromkeys("456", 2.0))
    (found,) = grouping.group_differences([*first, *second])
    assert found.verdict == "neither group has any spread: no test is defined"


def test_the_csv_files_hold_what_is_shown() -> None:
    scores = three_groups()
    rows = list(csv.DictReader(io.StringIO(grouping.scores_csv(scores))))
    assert [row["n"] for row in rows] == ["3", "3", "2"]
    assert rows[2]["values"] == "0.5 0.9"
    rows = list(csv.DictReader(io.StringIO(grouping.differences_csv(
        grouping.group_differences(scores)))))  # fmt: skip
    assert [row["p"] == "" for row in rows] == [False, True, True]
    bands = grouping.bands([RunGroup("g", ("a",))], [curve("a", [1], [2.0])])
    assert grouping.bands_csv(bands).splitlines()[1] == "g,validation/loss,1.0,2.0,,,,1"


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "local_queue", inline_queue)


@pytest.mark.usefixtures("inline")
def test_a_spec_is_trained_with_consecutive_seeds_as_one_family(
    capsys: Out, tmp_path: Path
) -> None:
    small = {"epochs": 1, "batch_size": 256, "precision": "float32"}
    spec = replace(
        preset("digits-cnn"), training=small, seed=7,
        model_params={"width": 8, "blocks": 1, "dense": 16}, name="three",
    )  # fmt: skip
    records = dx.train(spec, seeds=3)
    assert [r.flat["seed"] for r in records] == [7, 8, 9]
    assert {r.state for r in records} == {"finished"}
    (family,) = {r.family for r in records}
    assert family.startswith("seeds-")
    assert len({json.dumps({**r.spec, "seed": 0}, sort_keys=True) for r in records}) == 1
    (alone,) = dx.train(spec, seeds=1)
    assert alone.family == ""
    file = tmp_path / "out.csv"
    capsys.readouterr()
    asked = ["compare", family, alone.id, "--metric", "validation/loss"]
    assert main([*asked, "--group-by", "family", "--csv", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    losses = [r.metrics["validation/loss"] for r in records]
    assert told["groups"][0]["values"] == losses
    assert told["groups"][0]["mean"] == pytest.approx(np.mean(losses))
    assert told["groups"][0]["runs"] == [r.id for r in records]
    assert "too few" in told["differences"][0]["verdict"]
    assert "high_95" in file.read_text()
    assert main(asked[:2]) == 0
    assert "validation/accuracy: mean and its 95% interval" in capsys.readouterr().out
    assert main([*asked[:2], "--metric", "validation/los"]) == 2
    assert 'did you mean "validation/loss"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seeds", "first", "told"),
    [
        (0, 0, "seeds is 0; it takes a whole number from 1 to 50"),
        (51, 0, "seeds is 51; "),
        (True, 0, "seeds is True; "),
        (2, MAX_SEED, f"2 seeds from {MAX_SEED} on go beyond the largest"),
    ],
)
def test_a_wrong_number_of_seeds_queues_nothing(seeds: int, first: int, told: str) -> None:
    before = len(service.runs())
    with pytest.raises(BadInput, match=told):
        service.launch_seeds(replace(preset("digits-cnn"), seed=first), seeds)
    assert len(service.runs()) == before
