"""An LSTM that reads a window of several series and forecasts quantiles of their change.

Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997,
https://doi.org/10.1162/neco.1997.9.8.1735.
"""

from torch import nn

from dlexplain.networks.base import ARCHITECTURES, Architecture, SeriesShape
from dlexplain.networks.recurrent_forecaster import Params, RecurrentForecaster


class LSTMForecaster(RecurrentForecaster):
    """Its layer is `lstm`; `steps` shows the input, forget and output gates over time."""

    def __init__(self, shape: SeriesShape, params: Params) -> None:
        super().__init__(nn.LSTM, shape, params)


ARCHITECTURES.add(
    "lstm-forecaster",
    Architecture(
        name="lstm-forecaster",
        title="LSTM with quantile output",
        tasks=("forecast",),
        Params=Params,
        description="Reads a window of all series and gives quantiles for every target and "
        "step ahead.",
        paper="https://doi.org/10.1162/neco.1997.9.8.1735",
        build=LSTMForecaster,
    ),
)
