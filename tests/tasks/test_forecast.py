"""Forecasting: the pinball loss by hand, and a backtest of a network whose answer is known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.data.modules.series import SeriesModule
from dlexplain.data.series import make_series
from dlexplain.data.tables import Table
from dlexplain.data.windows import cut
from dlexplain.tasks.base import TASKS, Arrays, Training
from dlexplain.tasks.forecast import QUANTILES, Params
from dlexplain.tasks.modules.forecast import Forecast, metric_name, pinball
from dlexplain.tasks.modules.forecast_errors import autoregression, mase, random_walk
from tests.tasks.training import trainer

# Lightning 2.6 asks torch 2.13 in a way that torch will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
WINDOW, HORIZON = 6, 3


def test_pinball_by_hand() -> None:
    """One quantile at a time: q per unit below the truth, 1 - q per unit above it."""
    for place, q in enumerate(QUANTILES):
        forecast = torch.full((1, 1, 1, 7), 10.0)
        forecast[..., place] = 8
        assert float(pinball(forecast, torch.full((1, 1, 1), 10.0))) == pytest.approx(q * 2 / 7)
        forecast[..., place] = 12
        found = float(pinball(forecast, torch.full((1, 1, 1), 10.0)))
        assert found == pytest.approx((1 - q) * 2 / 7)


def test_pinball_of_one_value_for_all_is_half_the_absolute_error() -> None:
    """The quantiles stand symmetrically about 1/2."""
    truth = torch.randn((5, 3, 2), generator=torch.Generator().manual_seed(0))
    forecast = torch.zeros(5, 3, 2, 7)
    torch.testing.assert_close(pinball(forecast, truth), truth.abs().mean() / 2)


def test_pinball_is_least_at_the_quantiles_of_the_truth() -> None:
    truth = torch.randn((4001, 1, 1), generator=torch.Generator().manual_seed(1))
    best = torch.quantile(truth.flatten(), torch.tensor(QUANTILES)).reshape(1, 1, 1, 7)
    least = pinball(best.expand(4001, 1, 1, 7), truth)
    for place in range(7):
        for step in (-0.1, 0.1):
            moved = best.clone()
            moved[..., place] += step
            assert pinball(moved.expand(4001, 1, 1, 7), truth) > least


class Says(nn.Module):
    """The same scaled changes at every origin, (horizon, targets, quantiles)."""

    def __init__(self, scaled: Tensor) -> None:
        super().__init__()
        self.scaled = nn.Parameter(scaled.float())

    def forward(self, x: Tensor) -> Tensor:
        return self.scaled.repeat(len(x), 1, 1, 1)


def data() -> SeriesModule:
    generator = np.random.default_rng(0)
    walk = np.cumsum(generator.normal(0.2, 1, (130, 2)), axis=0)
    values = np.stack([walk[:, 0] + 100, np.exp(walk[:, 1] / 20)], axis=1)
    dates = (np.datetime64("2000-01", "M") + np.arange(130)).astype("datetime64[D]")
    table = Table(dates, values, ("a", "b"), 12)
    series = make_series(table, {"b": 5}, ["a", "b"], (80, 105))
    return SeriesModule(cut(series, WINDOW, HORIZON), 16, seed=1)


def unchanged(module: SeriesModule, spread: float = 0.0) -> Tensor:
    """Scaled changes that mean no change, quantiles `spread` apart in units of the scale."""
    w = module.windows
    still = torch.from_numpy(-w.change_mean / w.change_scale)[..., None]
    return still + spread * torch.arange(-3.0, 4.0)


def backtest(spread: float, folder: Path) -> tuple[SeriesModule, dict[str, float], Arrays]:
    module = data()
    params = Params(window=WINDOW, horizon=HORIZON)
    task = Forecast(Says(unchanged(module, spread)), module.facts, params, Training(), 10)
    trainer(folder).test(task, datamodule=module, verbose=False)
    metrics, arrays = task.results()
    return module, metrics, arrays


def test_a_network_that_says_no_change_is_the_random_walk(tmp_path: Path) -> None:
    module, metrics, arrays = backtest(0.0, tmp_path)
    assert metrics["test/mase_over_random_walk"] == pytest.approx(1, abs=1e-5)
    assert arrays["forecasters"].tolist() == ["model", "random walk", "AR"]
    np.testing.assert_allclose(arrays["mase"][0], arrays["mase"][1], rtol=1e-4)
    np.testing.assert_allclose(arrays["rmse"][0], arrays["rmse"][1], rtol=1e-4)
    windows = module.windows
    origins, levels = windows.origins["test"], windows.data.levels
    step = np.abs(np.diff(levels[:80], axis=0)).mean(axis=0)
    expected = mase(random_walk(levels, origins, HORIZON), windows.truth(origins), step)
    np.testing.assert_allclose(arrays["mase"][1], expected)
    assert metrics["test/mase_random_walk"] == pytest.approx(expected.mean())
    ar = autoregression(levels, (False, True), origins, HORIZON)
    np.testing.assert_allclose(arrays["mase"][2], mase(ar, windows.truth(origins), step))
    for place, name in enumerate("ab"):
        said = metrics[f"test/mase/{name}"]
        assert said == pytest.approx(float(arrays["mase"][0, :, place].mean()))


def test_names_of_series_are_metrics_that_mlflow_takes() -> None:
    assert metric_name("S&P 500") == "S_P 500"
    assert metric_name("UNRATE") == "UNRATE"


def test_coverage_is_of_the_outer_middle_and_inner_pair(tmp_path: Path) -> None:
    module, metrics, arrays = backtest(0.5, tmp_path)
    windows = module.windows
    origins = windows.origins["test"]
    w = windows.changes(origins) / windows.change_scale  # in units of the scale, 0 is no change
    for place, (level, reach) in enumerate(((95, 1.5), (80, 1.0), (50, 0.5))):
        inside = (np.abs(w) <= reach).mean(axis=0)
        np.testing.assert_allclose(arrays["coverage"][place], inside)
        assert arrays["coverage_levels"][place] == level
        assert metrics[f"test/coverage_{level}"] == pytest.approx(inside.mean())


def test_what_the_page_draws_is_there(tmp_path: Path) -> None:
    module, _, arrays = backtest(0.5, tmp_path)
    windows = module.windows
    origins = windows.origins["test"]
    assert arrays["names"].tolist() == ["a", "b"]
    assert arrays["forecasts"].shape == (len(origins), HORIZON, 2, 7)
    np.testing.assert_allclose(arrays["truth"], windows.truth(origins), rtol=1e-6)
    np.testing.assert_allclose(
        arrays["forecasts"][..., 3], random_walk(windows.data.levels, origins, HORIZON), rtol=1e-5
    )
    assert arrays["origins"].tolist() == windows.data.dates[origins].astype(str).tolist()
    assert arrays["levels"].shape == (130, 2) and len(arrays["dates"]) == 130
    assert not any(a.dtype.hasobject for a in arrays.values())  # read back without pickle


def test_validation_is_the_pinball_loss_of_the_validation_part(tmp_path: Path) -> None:
    module = data()
    params = Params(window=WINDOW, horizon=HORIZON)
    task = Forecast(Says(unchanged(module, 0.5)), module.facts, params, Training(), 10)
    (found,) = trainer(tmp_path).validate(task, datamodule=module, verbose=False)
    w = module.windows
    truth = torch.from_numpy(w.scaled_changes(w.origins["validation"])).float()
    said = unchanged(module, 0.5).float().expand(len(truth), HORIZON, 2, 7)
    assert found["validation/loss"] == pytest.approx(float(pinball(said, truth)), rel=1e-5)
    error = float((said[..., 3] - truth).abs().mean())
    assert found["validation/absolute_error"] == pytest.approx(error, rel=1e-5)


def test_the_shape_follows_from_facts_and_params() -> None:
    shape = TASKS["forecast"].shape({"series": ["a", "b", "c"], "targets": ["a"]}, Params(5, 2))
    assert (shape.series, shape.window, shape.horizon) == (3, 5, 2)
    assert (shape.targets, shape.quantiles) == (1, 7)
