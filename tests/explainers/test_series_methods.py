"""Methods of series on a linear forecaster, whose attributions are its weights times its inputs."""

from typing import Any

import numpy as np
import pytest
import torch

from dlexplain.errors import Cancelled, ParamError
from dlexplain.explainers.base import methods_for
from dlexplain.explainers.inputs.series import blocks
from dlexplain.explainers.methods.shapley_sampling import ranks_of
from dlexplain.explainers.progress import Progress
from dlexplain.services.forecast.explain import explain_series, series_method_infos, target_of
from dlexplain.services.forecast.forecasting import forecast_at, series_for
from dlexplain.services.forecast.models import LoadedForecaster, prepared
from dlexplain.services.loading import load
from dlexplain.tasks.forecast import QUANTILES
from tests.forecasters import HORIZON, WINDOW, Linear, facts, linear, series, weights

ORIGIN = "1980-06"
ROW = 125
EXACT: list[tuple[str, dict[str, Any]]] = [
    ("integrated-gradients", {}),
    ("shap-sampling", {"block": 1, "baseline": "average", "orders": 4}),
    ("occlusion", {"length": 1}),
]


@pytest.mark.parametrize(("method", "params"), EXACT)
def test_a_linear_forecasters_attribution_is_weights_times_inputs(
    method: str, params: dict[str, Any]
) -> None:
    model, given = linear(), series()
    x = given.data.inputs[ROW + 1 - WINDOW : ROW + 1]
    for target, name, scale in ((0, "b", 3.0), (1, "c", 100 * 0.2)):
        found = explain_series(model, given, method, name, 2, ORIGIN, **params)
        np.testing.assert_allclose(found.values, scale * weights(model)[1, target] * x, atol=1e-4)
        np.testing.assert_allclose(found.inputs, x)
        assert found.completeness_error is None or found.completeness_error < 1e-4
        assert found.dates[-1] == np.datetime64("1980-06-01")
        assert found.date == np.datetime64("1980-08-01")
        assert (found.unit, found.target) == (("", "%")[target], name)
        # Of a past without news it forecasts the mean change in training.
        mean = None if method == "occlusion" else pytest.approx((1.0, 100 * 0.02)[target], abs=1e-4)
        assert found.baseline == mean
        assert sum(row["value"] for row in found.rows()) == pytest.approx(found.total)


def test_integrated_gradients_from_the_windows_mean() -> None:
    model, given = linear(), series()
    found = explain_series(model, given, "integrated-gradients", "b", 1, ORIGIN, baseline="window")
    x = found.inputs
    np.testing.assert_allclose(found.values, 2 * weights(model)[0, 0] * (x - x.mean(0)), atol=1e-4)
    assert found.by_series.sum() == pytest.approx(found.total) == pytest.approx(found.by_lag.sum())


def test_gradient_shap_of_a_linear_forecaster_is_from_the_mean_of_the_earlier_windows() -> None:
    model, given = linear(), series()
    rows = np.arange(WINDOW, 20)
    mean = np.stack([given.data.inputs[row + 1 - WINDOW : row + 1] for row in rows]).mean(0)
    origin = str(given.data.dates[20])
    found = explain_series(model, given, "gradient-shap", "b", 3, origin, samples=140)
    expected = 4 * weights(model)[2, 0] * (found.inputs - mean)  # each of 14 is 10 times drawn
    np.testing.assert_allclose(found.values, expected, atol=1e-3)
    assert found.completeness_error is not None and found.baseline is not None
    assert found.baseline + found.total == pytest.approx(found.change, abs=1e-3)
    assert found.completeness_error < 1e-3


def test_the_change_explained_is_the_forecasts() -> None:
    model, given = linear(), series()
    told = forecast_at(model, given, ROW, None)
    found = explain_series(model, given, target="c", step=3, origin=ORIGIN)
    growth = 100 * np.log(told.median[2, 1] / told.levels[-1, 1])
    assert found.change == pytest.approx(growth, rel=1e-4)
    # From average inputs, all 0, it would be the mean change of training.
    assert found.total == pytest.approx(growth - 100 * 0.03, rel=1e-3)


def test_the_width_of_an_interval_that_no_input_moves_has_no_causes() -> None:
    model, given = linear(), series()
    found = explain_series(model, given, "occlusion", "b", 1, ORIGIN, "width-80")
    np.testing.assert_allclose(found.values, 0, atol=1e-4)
    assert found.change == pytest.approx(2.0 * 0.5 * 4)  # from the second to the sixth quantile
    outer = target_of(model, 1, 2, "width-95")
    first = (1 * 2 + 1) * len(QUANTILES)
    assert (outer.index, outer.contrast) == (first + 6, first)


class Product(Linear):
    """Median: the latest a times the latest b. Their Shapley values are half the product each."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        said = (x[:, -1, 0] * x[:, -1, 1])[:, None, None, None]
        return said.expand(-1, HORIZON, 2, 7) + torch.zeros(7)


@pytest.mark.parametrize(("method", "shares"), [("shap-sampling", 0.5), ("occlusion", 1.0),
                                                ("integrated-gradients", 0.5)])  # fmt: skip
def test_a_product_is_shared_evenly_by_shapley_and_counted_twice_by_occlusion(
    method: str, shares: float
) -> None:
    model = prepared("product", "Product", Product(), facts(), WINDOW, HORIZON)
    given = series()
    params: dict[str, Any] = (
        {}
        if method == "integrated-gradients"
        else ({"length": 1} if method == "occlusion" else {"block": 1, "baseline": "average"})
    )
    found = explain_series(model, given, method, "b", 1, ORIGIN, **params)
    a, b = found.inputs[-1, :2]
    expected = np.zeros((WINDOW, 3))
    expected[-1, :2] = shares * 2 * a * b
    np.testing.assert_allclose(found.values, expected, atol=1e-4)


def test_shap_sampling_is_complete_whatever_the_blocks_and_baselines() -> None:
    torch.manual_seed(0)
    found = explain_series(linear(), series(), "shap-sampling", "b", 1, ORIGIN, block=4, orders=3)
    assert found.completeness_error is not None and found.baseline is not None
    assert found.baseline + found.total == pytest.approx(found.change, abs=1e-3)
    assert found.completeness_error < 1e-4
    old, new = found.values[:2], found.values[2:]  # a block of two and one of four periods
    assert (old == old[:1]).all()
    assert (new == new[:1]).all()


def test_blocks_are_counted_from_the_latest_period() -> None:
    assert blocks(5, 2, 2).tolist() == [[2, 5], [1, 4], [1, 4], [0, 3], [0, 3]]
    ranks = ranks_of(3, 4, torch.Generator().manual_seed(0))
    assert (ranks[0] + ranks[1] == 3).all()
    assert sorted(ranks[2].tolist()) == [0, 1, 2, 3]


def test_occlusion_shares_a_stretch_evenly_among_its_periods() -> None:
    model, given = linear(), series()
    found = explain_series(model, given, "occlusion", "b", 1, ORIGIN, length=WINDOW)
    whole = (2 * weights(model)[0, 0] * found.inputs).sum(0) / WINDOW
    np.testing.assert_allclose(found.values, np.tile(whole, (WINDOW, 1)), atol=1e-4)
    longer = explain_series(model, given, "occlusion", "b", 1, ORIGIN, length=50)
    np.testing.assert_allclose(longer.values, found.values)
    assert "The window has 6 periods only" in longer.note


def test_the_same_question_is_answered_from_memory() -> None:
    first = explain_series(linear(), series(), target="b", step=1, origin=ORIGIN)
    assert explain_series(linear(), series(), target="b", step=1, origin=ORIGIN).values is (
        first.values
    )


@pytest.mark.parametrize("method", list(methods_for("series")))
def test_every_method_stops_when_asked(method: str) -> None:
    with pytest.raises(Cancelled):
        explain_series(
            linear(), series(seed=9), method, "b", 1, ORIGIN,
            progress=Progress(cancelled=lambda: True),
        )  # fmt: skip


def test_what_cannot_be_asked_is_one_sentence() -> None:
    model, given = linear(), series()
    with pytest.raises(ParamError, match="step is 4; the model forecasts 1 to 3 periods ahead"):
        explain_series(model, given, step=4)
    with pytest.raises(ParamError, match='what is "mode"; median, width-80, width-95 are'):
        explain_series(model, given, what="mode")
    families = [info.family for info in series_method_infos()]
    assert families == sorted(families)  # gradient methods first


def test_integrated_gradients_are_captums_on_a_recurrent_forecaster() -> None:
    from captum.attr import IntegratedGradients

    model = load(LoadedForecaster, "fred-gru")
    given = series_for(model, "example")
    found = explain_series(
        model, given, "integrated-gradients", "GS10", 5, "2018-03", steps=40, tolerance=0.0
    )
    x = torch.from_numpy(found.inputs).float()[None]
    place = target_of(model, model.targets.index("GS10"), 5, "median").index
    theirs = IntegratedGradients(model.prepared.module).attribute(
        x, target=place, n_steps=40, method="gausslegendre"
    )
    np.testing.assert_allclose(found.values, theirs[0].numpy(), atol=1e-5)


def test_a_transformer_is_explained_completely() -> None:
    model = load(LoadedForecaster, "fred-transformer")
    given = series_for(model, "example")
    for method in ("integrated-gradients", "shap-sampling"):
        found = explain_series(model, given, method, "UNRATE", 12, "2018-03")
        assert found.completeness_error is not None and found.baseline is not None
        assert found.baseline + found.total == pytest.approx(found.change, abs=1e-3)
        assert found.completeness_error < 0.01
