"""Forecasters whose answers are known, and series for them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlexplain.data.dates import dates_after
from dlexplain.data.given_table import as_trained
from dlexplain.data.tables import Table
from dlexplain.services.forecast.models import LoadedForecaster, prepared
from dlexplain.services.forecast.sources import GivenSeries

WINDOW, HORIZON = 6, 3
NAMES = ("a", "b", "c")
TARGETS = ("b", "c")
STARTS = ("1975-01-01", "1985-01-01")
MIDDLE = 3
SPREAD = torch.arange(-3.0, 4.0)


class Linear(nn.Module):
    """The median is weights · x, the quantiles lie `spread` apart."""

    def __init__(self, spread: float = 0.5) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(3)
        size = (HORIZON, len(TARGETS), WINDOW, len(NAMES))
        self.weights = nn.Parameter(torch.randn(size, generator=random))
        self.spread = spread

    def forward(self, x: Tensor) -> Tensor:
        middle = torch.einsum("htws,nws->nht", self.weights, x)
        return middle[..., None] + self.spread * SPREAD


def facts(**other: Any) -> dict[str, Any]:
    """Of monthly series: `a` as it is, `b` a difference, `c` growth."""
    return {
        "series": list(NAMES),
        "targets": list(TARGETS),
        "period": 12,
        "starts": list(STARTS),
        "codes": [1, 2, 5],
        "logs": [False, True],
        "input_mean": [1.0, 0.0, 0.0],
        "input_scale": [2.0, 1.0, 0.5],
        "change_mean": [[0.5, 0.01], [1.0, 0.02], [1.5, 0.03]],
        "change_scale": [[2.0, 0.1], [3.0, 0.2], [4.0, 0.3]],
        "step": [1.0, 2.0],
        **other,
    }


def linear(spread: float = 0.5) -> LoadedForecaster:
    return prepared("linear", "Linear", Linear(spread), facts(), WINDOW, HORIZON)


def weights(model: LoadedForecaster) -> NDArray[np.float64]:
    """(horizon, targets, window, series)"""
    assert isinstance(model.network, Linear)
    return model.network.weights.detach().double().numpy()


def table(rows: int = 360, seed: int = 0) -> Table:
    """From 1970-01 on, one row a month."""
    random = np.random.default_rng(seed)
    first = np.datetime64("1970-01-01")
    dates = np.concatenate([[first], dates_after(first, 12, rows - 1)])
    noise = random.standard_normal((rows, 3))
    values = np.stack(
        [1 + 2 * noise[:, 0], 50 + noise[:, 1].cumsum(), 100 * np.exp(0.1 * noise[:, 2].cumsum())],
        axis=1,
    )
    return Table(dates, values, NAMES, 12)


def series(rows: int = 360, seed: int = 0) -> GivenSeries:
    return GivenSeries("made", as_trained(table(rows, seed), facts()))
