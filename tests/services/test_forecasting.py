"""Forecasts, their calibration and backtest, of a linear forecaster and of the zoo's."""

from dataclasses import replace

import numpy as np
import pytest

from dlexplain.data.dates import dates_after
from dlexplain.data.given_table import as_trained
from dlexplain.data.tables import Table
from dlexplain.errors import Cancelled, DataError, ParamError, TargetError, UnknownName
from dlexplain.explainers.progress import Progress
from dlexplain.results import PastChange, csv_of
from dlexplain.services.forecast.backtesting import backtest
from dlexplain.services.forecast.changes import what_if
from dlexplain.services.forecast.conformal import LEVELS, calibrate, calibrated, conformal_offset
from dlexplain.services.forecast.explain import explain_series
from dlexplain.services.forecast.forecasting import find_target, forecast, forecast_at, origins
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.loading import load
from dlexplain.tasks.modules.forecast_errors import coverage
from tests.forecasters import HORIZON, WINDOW, facts, linear, series, table, weights

ROW = 125


def test_a_forecast_is_the_formula_by_hand() -> None:
    model, given = linear(), series()
    told = forecast(model, given, "1980-06", intervals="trained")
    x = given.data.inputs[ROW + 1 - WINDOW : ROW + 1]
    said = np.einsum("htws,ws->ht", weights(model), x)
    b, c = table().values[ROW, 1:]
    means, scales = (np.array(facts()[f"change_{key}"]) for key in ("mean", "scale"))
    expected = np.stack(
        [b + said[:, 0] * scales[:, 0] + means[:, 0],
         c * np.exp(said[:, 1] * scales[:, 1] + means[:, 1])], axis=1,
    )  # fmt: skip
    np.testing.assert_allclose(told.median, expected, rtol=1e-4)
    np.testing.assert_allclose(told.truth, table().values[ROW + 1 : ROW + 4, 1:])
    assert [str(day) for day in told.ahead] == ["1980-07-01", "1980-08-01", "1980-09-01"]
    low, high = told.interval(80)
    np.testing.assert_allclose((high - low)[:, 0], 2 * 0.5 * 2 * scales[:, 0], rtol=1e-4)
    assert (told.part, told.calibrated) == ("validation", False)
    kept = told.to_dict()["forecasts"]["b"]
    assert kept["intervals"]["95"][0][0] < kept["median"][0] < kept["intervals"]["95"][1][0]


def test_beyond_the_last_row_there_is_no_truth() -> None:
    told = forecast(linear(), series(), horizon=2)
    assert told.origin == np.datetime64("1999-12-01")
    assert [str(day) for day in told.ahead] == ["2000-01-01", "2000-02-01"]
    assert np.isnan(told.truth).all()
    assert told.to_dict()["forecasts"]["c"]["truth"] == [None, None]
    assert told.part == "test"
    assert len(origins(linear(), series())) == 360 - WINDOW


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"horizon": 4}, ParamError, "horizon is 4; the model forecasts 1 to 3 periods ahead"),
        ({"horizon": 0}, ParamError, "horizon is 0; the model forecasts 1 to 3 periods ahead"),
        ({"intervals": "wide"}, ParamError, 'intervals is "wide"; calibrated and trained'),
        ({"origin": "1950-01"}, DataError, "origin is 1950-01; 1970-07 to 1999-12 is"),
        ({"origin": "soon"}, DataError, '"soon" is no date; such as 2015-01 is accepted'),
    ],
)
def test_what_cannot_be_forecast_is_one_sentence(
    asked: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        forecast(linear(), series(), **asked)  # type: ignore[arg-type]


def test_origins_are_the_last_row_at_or_before_a_date() -> None:
    model, given = linear(), series()
    for text, day in (("1980-06", "1980-06-01"), ("1980-06-20", "1980-06-01"),
                      ("1980", "1980-01-01"), ("2030-01", "1999-12-01"),
                      ("1980Q2", "1980-04-01")):  # fmt: skip
        assert forecast(model, given, text).origin == np.datetime64(day)
    with pytest.raises(TargetError, match='does not forecast "a"; it forecasts b, c'):
        find_target(model, "a")
    with pytest.raises(UnknownName, match='unknown forecaster "none"; known: '):
        load(LoadedForecaster, "none")


def test_a_quarter_is_the_one_that_the_page_shows_whatever_its_day() -> None:
    model = linear()
    months = table()
    ends = dates_after(np.datetime64("1970-03-31"), 4, len(months.dates))
    data = as_trained(Table(ends, months.values, months.names, 4), facts(period=4))
    told = forecast(model, GivenSeries("quarters", data), "1980Q2")
    assert told.origin == np.datetime64("1980-06-30")


def test_the_offset_is_the_order_statistic() -> None:
    truth = np.arange(1.0, 10.0)[:, None]  # scores of the interval (0, 0): 1 to 9
    zero = np.zeros((9, 1))
    for level, expected, enough in ((0.5, 5, True), (0.8, 8, True), (0.95, 9, False)):
        offset, found = conformal_offset(zero, zero, truth, level)
        assert (offset.tolist(), found) == ([expected], enough)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_coverage_of_exchangeable_data_is_nominal(level: float) -> None:
    """Within three points, though the intervals as they come are far too narrow or too wide."""
    random = np.random.default_rng(0)
    for low, high in ((-0.1, 0.1), (-9.0, 9.0), (1.0, 2.0)):
        scale = random.uniform(0.5, 2, (9000, 1))
        truth = scale * random.standard_t(4, (9000, 1))
        ends = np.full_like(truth, low) * scale, np.full_like(truth, high) * scale
        offset, enough = conformal_offset(ends[0][:1000], ends[1][:1000], truth[:1000], level)
        rest = slice(1000, None)
        inside = (ends[0][rest] - offset <= truth[rest]) & (truth[rest] <= ends[1][rest] + offset)
        assert enough
        assert inside.mean() == pytest.approx(level, abs=0.03)


def white(rows: int = 12_000) -> GivenSeries:
    """Values that know nothing of each other, so that windows far apart are exchangeable."""
    values = np.random.default_rng(5).standard_normal((rows, 3))
    values[:, 2] = np.exp(values[:, 2])
    first = np.datetime64("1970-01-01")
    days = first + np.arange(rows)
    data = as_trained(Table(days, values, ("a", "b", "c"), 365), white_facts())
    return GivenSeries("white", data)


def white_facts() -> dict[str, object]:
    return facts(period=365, starts=["1975-06-25", "1986-06-08"], codes=[1, 1, 4])


def test_a_wrong_forecasters_intervals_hold_after_calibration() -> None:
    """Its quantiles say nothing; calibrated on one part they cover the next as they promise."""
    from dlexplain.services.forecast.models import prepared
    from tests.forecasters import Linear

    model = prepared("wrong", "Wrong", Linear(0.05), white_facts(), WINDOW, HORIZON)
    given = white()
    learned = calibrate(model, given)
    assert learned.count > 3000
    rows = np.arange(6010, 11_990)
    windows = model.windows(given.data, rows)
    said, truth = model.say(windows.inputs(rows)), windows.scaled_changes(rows)
    after = calibrated(said, learned)
    for place, level in enumerate(LEVELS):
        share = coverage(said[..., place], said[..., -1 - place], truth)
        assert share.max() < level / 100 - 0.2
        share = coverage(after[..., place], after[..., -1 - place], truth)
        np.testing.assert_allclose(share, level / 100, atol=0.03)


def test_of_many_origins_some_are_tested_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlexplain.services.forecast.backtesting.MOST_ORIGINS", 5)
    found = backtest(linear(), series())
    assert len(found.tested.origins) == 5
    assert found.tested.origins[0] == np.datetime64("1984-12-01")
    assert found.tested.origins[-1] == np.datetime64("1999-09-01")
    assert "5 of 178 origins are tested" in " ".join(found.notes)


def test_intervals_stay_nested_and_hold_the_median() -> None:
    model, given = linear(30.0), series()
    learned = calibrate(model, given)
    assert (learned.offsets < 0).any()  # they were too wide
    at = np.array([ROW])
    said = model.say(model.windows(given.data, at).inputs(at))
    moved = calibrated(said, learned)
    assert (np.diff(moved, axis=-1) >= 0).all()
    np.testing.assert_array_equal(moved[..., 3], said[..., 3])
    assert (learned.count, learned.short) == (118, ())
    assert str(learned.first) == "1974-12-01"


def test_without_the_validation_period_intervals_stay_as_trained_and_it_is_said() -> None:
    model = linear()
    late = table()
    rows = slice(190, None)
    given = GivenSeries("late", as_trained(Table(late.dates[rows], late.values[rows],
                                                 late.names, 12), facts()))  # fmt: skip
    told = forecast(model, given)
    assert not told.calibrated
    assert "intervals are as trained: the series have 0 of the origins by which" in told.notes[0]
    found = backtest(model, given)
    assert found.calibrated is None
    assert "intervals are as trained" in " ".join(found.notes)


def test_the_backtests_plain_forecasts_by_hand() -> None:
    model, given = linear(), series()
    found = backtest(model, given)
    assert found.tested.forecasters == ("model", "random walk", "seasonal naive", "AR")
    first = int(np.searchsorted(given.data.dates, np.datetime64("1985-01-01"))) - 1
    rows = np.arange(first, 360 - HORIZON)
    assert found.tested.origins[0] == np.datetime64("1984-12-01")
    assert len(found.tested.origins) == len(rows)
    b = table().values[:, 1]
    for step in (1, 3):
        walk = np.abs(b[rows + step] - b[rows])
        season = np.abs(b[rows + step] - b[rows + step - 12])
        assert found.tested.mase[1, step - 1, 0] == pytest.approx(walk.mean() / 1.0)
        assert found.tested.mase[2, step - 1, 0] == pytest.approx(season.mean() / 1.0)
        assert found.tested.rmse[1, step - 1, 0] == pytest.approx(np.sqrt((walk**2).mean()))
    row = found.rows("mase")[4]
    assert (row["series"], row["ahead"], set(row)) == (
        "c", 2, {"series", "ahead", "model", "random walk", "seasonal naive", "AR"},
    )  # fmt: skip
    assert len(found.coverage_rows()) == 2 * HORIZON
    assert found.to_dict()["rmse"][0]["ahead"] == 1


def test_intervals_that_hold_over_five_points_too_little_are_told() -> None:
    found = backtest(linear(), series())
    held = np.zeros((3, HORIZON, 2)) + np.array([0.96, 0.76, 0.46])[:, None, None]
    assert found.tested.coverage_levels == (95, 80, 50)
    assert replace(found, calibrated=held).too_narrow(1) == {}
    held[1:] -= 0.02
    assert replace(found, calibrated=held).too_narrow(1) == pytest.approx({80: 0.74, 50: 0.44})
    trained = replace(found, calibrated=None, tested=replace(found.tested, coverage=held))
    assert trained.too_narrow(0) == pytest.approx({80: 0.74, 50: 0.44})


def test_values_far_beyond_training_are_told() -> None:
    """Series a enters as (a - 1) / 2, cut to 5."""
    values = table().values.copy()
    values[ROW - 1, 0] = 1 + 2 * 58
    given = GivenSeries("far", as_trained(replace(table(), values=values), facts()))
    note = forecast(linear(), given, "1980-06").notes[0]
    assert "far beyond training" in note and "a in 1980-05 (+58); the model sees no more" in note
    assert given.data.inputs[ROW - 1, 0] == 5
    why = explain_series(linear(), given, "occlusion", origin="1980-06")
    assert why.note == f"{note[:1].upper()}{note[1:]}."
    for origin in ("1980-04", "1980-12"):  # it is not in the window
        assert forecast(linear(), given, origin).notes == ()
        assert explain_series(linear(), given, "occlusion", origin=origin).note == ""
    assert backtest(linear(), given).notes == ()
    values[300, 0] = -100
    later = GivenSeries("far", as_trained(replace(table(), values=values), facts()))
    assert "a in 1995-01 (−50)" in backtest(linear(), later).notes[0]


def test_a_backtest_stops_when_asked_and_needs_a_test_period() -> None:
    with pytest.raises(Cancelled):
        backtest(linear(), series(), Progress(cancelled=lambda: True))
    with pytest.raises(DataError, match="have no origin with 6 periods before it and 3 after it"):
        backtest(linear(), series(rows=180))


def test_a_changed_past_moves_the_forecast_as_the_weights_say() -> None:
    """Series a enters as (a - 1) / 2, so that 4 more move the median by 2 weights."""
    model, given = linear(), series()
    value = float(table().values[ROW - 1, 0])
    told = what_if(model, given, ROW, [PastChange("a", "1980-05-01", value + 4)])
    x = given.data.inputs[ROW - 1, 0]
    moved = np.clip(x + 2, -5, 5) - x
    expected = weights(model)[:, 0, -2, 0] * moved * np.array([2.0, 3.0, 4.0])
    np.testing.assert_allclose(told.difference[:, 0], expected, atol=1e-4)
    np.testing.assert_array_equal(told.before.truth, told.after.truth)
    rows = told.rows()
    assert [row["difference"] for row in rows[:3]] == told.difference[:, 0].tolist()
    assert rows[0]["before 80% low"] == told.before.interval(80)[0][0, 0]
    assert csv_of(rows).splitlines()[0].startswith("series,date,before,before 80% low,before 80%")
    before, after = told.before.interval(80), told.after.interval(80)
    widths = [(high - low)[:, 0] for low, high in (before, after)]
    np.testing.assert_allclose(*widths, rtol=1e-4)  # the same calibration


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (PastChange("z", "1980-05-01", 1), 'there is no series "z"; there are a, b, c'),
        (PastChange("a", "1980-07-01", 1), "1980-07-01 is no date up to the origin, 1980-06-01"),
        (PastChange("a", "1980-05-02", 1), "1980-05-02 is no date up to the origin"),
        (PastChange("a", "1980-05-01", float("nan")), "a of 1980-05-01 needs a number"),
        (PastChange("c", "1980-05-01", -1), '"c" is -1 in 1980-05; it is read as a growth rate'),
    ],
)
def test_a_change_that_cannot_be_is_one_sentence(change: PastChange, said: str) -> None:
    with pytest.raises(DataError, match=said):
        what_if(linear(), series(), ROW, [change])


def test_forecasting_from_a_row_equals_forecasting_from_its_date() -> None:
    model, given = linear(), series()
    one, other = forecast_at(model, given, ROW, given), forecast(model, given, "1980-06")
    np.testing.assert_array_equal(one.values, other.values)
