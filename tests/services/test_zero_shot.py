"""Series that a forecaster never saw: their scales by hand, invariance, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import dlexplain as dx
from dlexplain.data.example_series import as_csv
from dlexplain.data.given_table import as_trained
from dlexplain.data.own_scales import by_own_scales, scales_told
from dlexplain.data.tables import Table
from dlexplain.errors import BadInput, DataError, ParamError
from dlexplain.evaluation.intervals import block_bootstrap_mean, bootstrap_mean
from dlexplain.results import MeanError
from dlexplain.results.mean_errors import measured
from dlexplain.results.quality import Measurement
from dlexplain.services.forecast.backtesting import backtest
from dlexplain.services.forecast.explain import explain_series
from dlexplain.services.forecast.forecasting import forecast, part_text, series_for
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.forecast.unseen import columns_of, data_sets, read_unseen
from dlexplain.services.loading import load
from dlexplain.trained.catalogue import find
from tests.forecasters import (
    HORIZON,
    NAMES,
    STARTS,
    TARGETS,
    WINDOW,
    facts,
    linear,
    series,
    table,
    weights,
)
from tests.trained import trained_run

MODEL = "macrodata-lstm"
Floats = NDArray[np.float64]


def renamed(given: Table, values: Floats | None = None) -> Table:
    """The same under names that the model does not know."""
    names = tuple(f"new {name}" for name in NAMES)
    return Table(given.dates, given.values if values is None else values, names, given.period)


def unseen(given: Table) -> GivenSeries:
    data, own = by_own_scales(given, facts(), WINDOW, HORIZON, "mine.csv")
    return GivenSeries("mine", data, own)


def test_a_forecast_by_own_scales_is_the_formula_by_hand() -> None:
    """b is a difference x, and scaled by the mean and deviation of those before 1975."""
    model, given = linear(), unseen(renamed(table()))
    row, train = 300, 60
    told = forecast(model, given, str(given.data.dates[row]), intervals="trained")
    a, b, c = table().values.T
    parts = [a, np.r_[np.nan, np.diff(b)], np.r_[np.nan, np.diff(np.log(c))]]
    scaled = np.stack([(p - np.nanmean(p[:train])) / np.nanstd(p[:train]) for p in parts], axis=1)
    seen = np.clip(scaled[row + 1 - WINDOW : row + 1], -5, 5)
    said = np.einsum("htws,ws->ht", weights(model), seen)
    origins = np.arange(WINDOW, train - HORIZON)  # all of whose targets lie before 1975
    changes = np.stack([b[origins + step] - b[origins] for step in (1, 2, 3)], axis=1)
    expected = b[row] + said[:, 0] * changes.std(axis=0) + changes.mean(axis=0)
    np.testing.assert_allclose(told.median[:, 0], expected, rtol=1e-5)
    growth = np.stack([np.log(c[origins + step] / c[origins]) for step in (1, 2, 3)], axis=1)
    expected = c[row] * np.exp(said[:, 1] * growth.std(axis=0) + growth.mean(axis=0))
    np.testing.assert_allclose(told.median[:, 1], expected, rtol=1e-5)
    assert told.names == ("new b", "new c")
    assert "test period" in part_text(model.scaled_for(given), given, row)
    assert "nothing was learned from it" in part_text(model.scaled_for(given), given, 20)


@pytest.mark.parametrize(("factor", "shift"), [(3.0, -20.0), (0.01, 5.0), (1000.0, 0.0)])
def test_another_unit_gives_the_same_forecast_in_that_unit(factor: float, shift: float) -> None:
    """factor · x + shift of a level or a difference, factor · x of growth."""
    before, values = table(), table().values.copy()
    values[:, :2] = factor * values[:, :2] + shift
    values[:, 2] *= factor
    one, other = (
        forecast(linear(), unseen(renamed(before, v)), intervals="trained")
        for v in (before.values, values)
    )
    expected = factor * one.values + np.array([shift, 0.0])[:, None]
    np.testing.assert_allclose(other.values, expected, rtol=1e-5)
    errors = [backtest(linear(), unseen(renamed(before, v))) for v in (before.values, values)]
    np.testing.assert_allclose(errors[0].tested.mase, errors[1].tested.mase, rtol=1e-5)


def test_the_drift_is_what_the_scales_say_without_the_network() -> None:
    given = unseen(renamed(table()))
    found = backtest(linear(), given)
    assert found.tested.forecasters[-1] == "drift"
    b = table().values[:, 1]
    train, rows = np.arange(WINDOW, 60 - HORIZON), np.arange(179, 360 - HORIZON)
    unit = np.abs(np.diff(b[:60])).mean()
    for step in (1, 2, 3):
        mean = (b[train + step] - b[train]).mean()
        error = np.abs(b[rows] + mean - b[rows + step]).mean() / unit
        assert found.tested.mase[-1, step - 1, 0] == pytest.approx(error)
    assert "drift" not in backtest(linear(), series()).tested.forecasters


def test_own_series_by_own_scales_give_the_ordinary_forecast() -> None:
    """Those of the training, from rows and dates that the card's facts are of."""
    told = forecast(MODEL, "own", "2005-01")
    names = list(load(LoadedForecaster, MODEL).series)
    again = forecast(MODEL, "own", "2005-01", zero_shot=names)
    np.testing.assert_allclose(again.values, told.values, rtol=1e-5)
    assert "not new to the model, as it was trained on series so named: realgdp" in again.notes[1]
    assert again.calibrated and again.part == told.part == "test"
    tested = [backtest(MODEL, "own"), backtest(MODEL, "macrodata", zero_shot=",".join(names))]
    np.testing.assert_allclose(tested[0].tested.mase, tested[1].tested.mase[:-1], rtol=1e-4)
    assert tested[1].about["cpi"].title == "Consumer price index"


def one_series_run() -> str:
    spec: dict[str, Any] = {
        "task": "forecast", "model": "lstm-forecaster", "data": "macrodata",
        "data_params": {"series": "realgdp", "targets": "realgdp"},
        "task_params": {"window": 8, "horizon": 4}, "model_params": {"hidden": 8},
        "training": {"epochs": 2, "batch_size": 32, "precision": "float32"}, "name": "output alone",
    }  # fmt: skip
    return trained_run(dx.RunSpec(**spec))


def test_a_model_of_one_series_forecasts_any_other(tmp_path: Path) -> None:
    name = one_series_run()
    told = dx.forecast(name, "macrodata", zero_shot="realinv")
    assert told.names == ("realinv",) and told.values.shape == (4, 1, 7)
    assert told.notes[0] == (
        "read as a growth rate, as realgdp was, and scaled by its own mean and "
        "deviation from 1959Q1 to 1987Q4, not by the model's"
    )
    assert told.series == "realinv of US economy, quarterly, by scales of its own"
    found = dx.backtest(name, "macrodata", zero_shot="realinv")
    assert [mean.forecaster for mean in found.means] == list(found.tested.forecasters)
    for place, mean in enumerate(found.means):
        assert mean.mase.value == pytest.approx(found.tested.mase[place].mean(), rel=1e-6)
        assert mean.mase.low is not None and mean.mase.high is not None
        assert mean.mase.low < mean.mase.value < mean.mase.high
        assert (mean.mase.n, mean.block) == (len(found.tested.origins), 4)
    walk = found.means[1].more
    assert walk is not None
    expected = found.means[0].mase.value - found.means[1].mase.value
    assert walk.value == pytest.approx(expected)
    assert found.to_dict()["means"][1]["model_less_this"] == walk.value
    csv = tmp_path / "mine.csv"
    csv.write_text(as_csv(Table(found.tested.dates, found.tested.levels, ("mine",), 4)))
    again = dx.backtest(name, csv, zero_shot=["mine"])
    np.testing.assert_allclose(again.tested.mase, found.tested.mase, rtol=1e-3)
    given = series_for(load(LoadedForecaster, name), "macrodata", "realinv")
    why = explain_series(name, given, "occlusion")
    assert why.target == "realinv" and why.names == ("realinv",)
    with pytest.raises(BadInput, match="reads one series and 2 are named; forecast them one by"):
        dx.forecast(name, "macrodata", zero_shot="cpi, m1")
    with pytest.raises(DataError, match='"realint" is -[0-9.]+ in .*; it is read as a growth rate'):
        dx.forecast(name, "macrodata", zero_shot="realint")


def monthly(values: Floats, start: str = "1990-01") -> bytes:
    first = np.datetime64(start, "M")
    dates = (first + np.arange(len(values))).astype("datetime64[D]")
    return as_csv(Table(dates, values[:, None], ("sales",), 12)).encode()


def quarters(values: Floats) -> bytes:
    dates = (np.datetime64("1960-01", "M") + 3 * np.arange(len(values))).astype("datetime64[D]")
    return as_csv(Table(dates, values[:, None], ("sales",), 4)).encode()


def noise(rows: int) -> Floats:
    return np.exp(np.random.default_rng(1).standard_normal(rows).cumsum() / 50)


def with_holes(content: bytes, rows: int) -> bytes:
    lines = content.decode().splitlines()
    lines[5 : 5 + rows] = [line.split(",")[0] + "," for line in lines[5 : 5 + rows]]
    return "\n".join(lines).encode()


FLAT = np.r_[np.ones(120), noise(80)]


@pytest.mark.parametrize(
    ("source", "column", "error", "said"),
    [
        (quarters(noise(29)), "sales", DataError,
         "the CSV has 29 rows; 30 are needed: the model reads 8 periods and forecasts 4, and 10"),
        (quarters(np.ones(100)), "sales", DataError, 'column "sales" never changes; the model'),
        (quarters(FLAT), "sales", DataError,
         'series "sales" never changes until 1987Q4, the part by which it is scaled'),
        (with_holes(quarters(noise(100)), 20), "sales", DataError,
         'column "sales" lacks 20% of its values, from 1961-01-01 on; at most 5% are filled'),
        (monthly(noise(200)), "sales", DataError,
         "the CSV is monthly; this model reads quarterly series"),
        (quarters(noise(100)), "gold", DataError, "the CSV: there is no series gold; there are"),
        (b"sales\n" + b"1.5\n2.5\n" * 50, "sales", DataError, "no column holds dates such as 2015"),
        ("macrodata", "gold", DataError, "there is no series gold; there are realgdp"),
        ("example", "sales", BadInput, "made-up series are drawn like the model's own, so none is"),
        ("macrodata", ["cpi", "cpi"], BadInput, 'column "cpi" is named more than once; each stand'),
        (Path("lost.csv"), "sales", DataError, "lost.csv is not there; a CSV file is accepted"),
        ("fred-md", "INDPRO", DataError, r"US economy, monthly \(FRED-MD\) is not here: a run"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(
    source: Any, column: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        forecast(one_series_run(), source, zero_shot=column)
    assert "\n" not in str(caught.value)


def test_one_column_for_a_model_of_several_is_refused_with_the_reason() -> None:
    said = "cannot forecast m1 alone: it reads 6 series at once and what it says of one hangs on"
    with pytest.raises(BadInput, match=said) as caught:
        forecast(MODEL, "macrodata", zero_shot="m1")
    assert str(caught.value).endswith("realgdp, realcons, realinv, cpi, tbilrate, unemp")
    with pytest.raises(ParamError, match="these are read already"):
        forecast(linear(), series(), zero_shot="b")


def test_columns_stand_for_the_models_series_in_its_order() -> None:
    columns = "realdpi, realgovt, realinv, m1, realint, infl"
    told = dx.forecast(MODEL, "macrodata", zero_shot=columns)
    assert told.names == ("realdpi", "m1", "infl")
    assert "realdpi as realgdp, realgovt as realcons, m1 as cpi" in told.notes[0]
    with pytest.raises(DataError, match='"realint" is -[0-9.]+ in .*, so each value must be above'):
        dx.forecast(MODEL, "macrodata", zero_shot="realint, realgovt, realinv, m1, realdpi, infl")


def test_the_parts_are_the_models_where_they_fit_else_the_last_rows() -> None:
    given = renamed(table())
    data, own = by_own_scales(given, facts(), WINDOW, HORIZON, "mine.csv")
    assert own["starts"] == list(STARTS) and own["targets"] == ["new b", "new c"]
    assert (own["period"], own["codes"], own["logs"]) == (12, [1, 2, 5], [False, True])
    assert [str(data.dates[place]) for place in data.starts] == list(STARTS)
    assert len(scales_told(data, facts())) == 1
    short = Table(given.dates[:100], given.values[:100], given.names, 12)
    data, own = by_own_scales(short, facts(), WINDOW, HORIZON, "mine.csv")
    assert data.starts == (70, 85)
    assert "on its own series until 1984-12: of what moves all" in scales_told(data, facts())[-1]
    least = Table(given.dates[:25], given.values[:25], given.names, 12)
    assert by_own_scales(least, facts(), WINDOW, HORIZON, "mine.csv")[0].starts == (19, 22)
    known = as_trained(table(), facts())
    assert "so named: a, b, c" in scales_told(known, facts())[1]
    assert TARGETS == ("b", "c")


def test_columns_on_offer() -> None:
    assert set(data_sets()) == {"macrodata", "fred-md"}
    assert "realcons" in columns_of("macrodata")
    assert columns_of(quarters(noise(10))) == ("sales",)
    coded = b"sasdate,X,Y\nTransform:,5,1\n1/1/1990,1,2\n2/1/1990,2,3\n"
    assert columns_of(coded) == ("X", "Y")
    names = "realgdp,realcons,realinv,cpi,tbilrate,infl"
    given = read_unseen(find(MODEL, "forecast").trained, "macrodata", names)
    assert given.digest.endswith("/own scales")


def test_the_block_bootstrap_keeps_what_hangs_together() -> None:
    """Of values that come in runs of ten the interval is sqrt(10) wider than of lone ones."""
    values = np.repeat(np.random.default_rng(0).standard_normal(400), 10)
    assert block_bootstrap_mean(values, 1) == bootstrap_mean(values)
    widths = [high - low for _, low, high in
              (block_bootstrap_mean(values, block) for block in (1, 100))]  # fmt: skip
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(10), rel=0.15)
    with pytest.raises(BadInput, match="19 values are too few for blocks of 10; 20 are needed"):
        block_bootstrap_mean(np.arange(19.0), 10)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-2.0, -0.5, "better"), (-2.0, 0.5, "not told apart"), (0.5, 2.0, "worse"),
     (None, None, "not known")],
)  # fmt: skip
def test_a_verdict_needs_an_interval_without_0(
    low: float | None, high: float | None, verdict: str
) -> None:
    mean = MeanError("a", "AR", Measurement(1.0, n=9), Measurement(-1.0, low, high, 9), 2)
    assert mean.verdict == verdict
    assert measured(Measurement(-1.0, -2.0, 0.5, 9), "+") == "−1 [−2, +0.5]"
    assert measured(mean.mase) == "1"
