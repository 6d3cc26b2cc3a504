"""An Elman RNN that reads a window of several series and forecasts quantiles of their change.

Elman, "Finding Structure in Time", 1990, https://doi.org/10.1207/s15516709cog1402_1; the
article's h_t = tanh(W [h_(t-1), x_t] + b).
"""

from torch import nn

from dlexplain.networks.base import ARCHITECTURES, Architecture, SeriesShape
from dlexplain.networks.recurrent_forecaster import Params, RecurrentForecaster


class RNNForecaster(RecurrentForecaster):
    """Its layer is `rnn`; `steps` shows the states over time."""

    def __init__(self, shape: SeriesShape, params: Params) -> None:
        super().__init__(nn.RNN, shape, params)


ARCHITECTURES.add(
    "rnn-forecaster",
    Architecture(
        name="rnn-forecaster",
        title="Elman RNN with quantile output",
        tasks=("forecast",),
        Params=Params,
        description="The article's recurrent network: tanh, no gates.",
        paper="https://doi.org/10.1207/s15516709cog1402_1",
        build=RNNForecaster,
    ),
)
