"""Forecasting series: quantiles of each target's change, trained by the pinball loss.

Koenker and Bassett, "Regression Quantiles", 1978, https://doi.org/10.2307/1913643.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dlexplain.tasks.base import Arrays, Training
from dlexplain.tasks.forecast import MIDDLE, QUANTILES, Params
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.tasks.modules.forecast_errors import (
    autoregression,
    coverage,
    mase,
    random_walk,
    rmse,
)


def pinball(forecast: Tensor, truth: Tensor) -> Tensor:
    """Mean over all of max(q (y - f), (q - 1) (y - f)).

    forecast  (batch, horizon, targets, quantiles); truth (batch, horizon, targets)
    """
    q = torch.tensor(QUANTILES, device=forecast.device)
    error = truth[..., None] - forecast
    return torch.maximum(q * error, (q - 1) * error).mean()


class Forecast(TaskModule):
    """Batches {"x": (batch, window, series), "y": (batch, horizon, targets)}."""

    def __init__(
        self,
        network: nn.Module,
        facts: Mapping[str, Any],
        params: Params,
        training: Training,
        steps: int,
    ) -> None:
        super().__init__(network, training, steps)
        self.params = params
        self.said: list[Tensor] = []

    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        return pinball(self(batch["x"]).float(), batch["y"]), {}

    def validation_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        said = self(batch["x"]).float()
        size = len(said)
        self.log("validation/loss", pinball(said, batch["y"]), batch_size=size)
        error = (said[..., MIDDLE] - batch["y"]).abs().mean()
        self.log("validation/absolute_error", error, batch_size=size)

    def on_test_epoch_start(self) -> None:
        self.said = []

    def test_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        said = self(batch["x"]).float()
        self.log("test/loss", pinball(said, batch["y"]), batch_size=len(said))
        self.said.append(said.cpu())

    def results(self) -> tuple[dict[str, float], Arrays]:
        """The backtest over every origin of the test part, against random walk and AR."""
        windows = self.trainer.datamodule.windows  # type: ignore[attr-defined]
        data, origins = windows.data, windows.origins["test"]
        levels = windows.to_levels(torch.cat(self.said).double().numpy(), origins)
        truth = windows.truth(origins)
        targets = data.levels[:, list(data.targets)]
        forecasts = {
            "model": levels[..., MIDDLE],
            "random walk": random_walk(targets, origins, self.params.horizon),
            "AR": autoregression(targets, data.logs, origins, self.params.horizon),
        }
        errors = {name: mase(f, truth, windows.step) for name, f in forecasts.items()}
        inside = {
            level: coverage(levels[..., index], levels[..., -1 - index], truth)
            for index, level in enumerate((95, 80, 50))
        }
        metrics = {
            "test/mase": float(errors["model"].mean()),
            "test/mase_random_walk": float(errors["random walk"].mean()),
            "test/mase_ar": float(errors["AR"].mean()),
            "test/mase_over_random_walk": float(
                errors["model"].mean() / errors["random walk"].mean()
            ),
        } | {f"test/coverage_{level}": float(part.mean()) for level, part in inside.items()}
        for name, error in zip(data.target_names, errors["model"].mean(axis=0), strict=True):
            metrics[f"test/mase/{metric_name(name)}"] = float(error)
        arrays: Arrays = {
            "names": np.array(data.target_names),
            "forecasters": np.array(list(forecasts)),
            "mase": np.stack(list(errors.values())),
            "rmse": np.stack([rmse(f, truth) for f in forecasts.values()]),
            "coverage_levels": np.array(list(inside)),
            "coverage": np.stack(list(inside.values())),
            "quantiles": np.array(QUANTILES),
            "forecasts": levels.astype(np.float32),
            "truth": truth.astype(np.float32),
            "origins": data.dates[origins].astype(str),
            "dates": data.dates.astype(str),
            "levels": targets.astype(np.float32),
        }
        return metrics, arrays


def metric_name(series: str) -> str:
    """A series' name as MLflow takes it: S_P 500 for S&P 500."""
    return re.sub(r"[^\w .:/-]", "_", series)
