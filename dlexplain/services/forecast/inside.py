"""Inside a forecaster while it reads a window: hidden states and gates, or attention."""

import numpy as np
import torch
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.networks.modules.recurrent_forecaster import RecurrentForecaster
from dlexplain.networks.modules.transformer_forecaster import TransformerForecaster
from dlexplain.results import Inside, SeriesAttention, period_text
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries


def look_inside_window(
    model: LoadedForecaster, given: GivenSeries, row: int
) -> Inside | SeriesAttention:
    """Of the window that ends with a row; raises Incompatible for other networks."""
    network, period = model.network, given.data.period
    dates = given.data.dates[row + 1 - model.window : row + 1]
    if isinstance(network, RecurrentForecaster):
        with model.prepared.lock.turn(), torch.no_grad():
            steps = network.steps(_window(model, given, row))
        layers = [
            {
                name: tensor[0].float().cpu().numpy()
                for name, tensor in {"hidden": layer.states, **layer.gates}.items()
            }
            for layer in steps
        ]
        written = tuple(period_text(day, period) for day in dates)
        return Inside(model.name, network.key, written, tuple(layers))
    if isinstance(network, TransformerForecaster):
        with model.prepared.lock.turn(), torch.no_grad():
            weights = network.attention(_window(model, given, row))
        every = np.stack([layer[0].float().cpu().numpy() for layer in weights])
        return SeriesAttention(model.name, dates, every, period)
    raise Incompatible(f"{model.name} has neither hidden states over time nor attention to show")


def _window(model: LoadedForecaster, given: GivenSeries, row: int) -> Tensor:
    at = np.array([row])
    inputs = model.windows(given.data, at).inputs(at)
    return torch.from_numpy(inputs).float().to(model.prepared.device)
