"""A GRU that reads a window of several series and forecasts quantiles of their change.

Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
Translation", 2014, https://arxiv.org/abs/1406.1078.
"""

from torch import nn

from dlexplain.networks.base import ARCHITECTURES, Architecture, SeriesShape
from dlexplain.networks.recurrent_forecaster import Params, RecurrentForecaster


class GRUForecaster(RecurrentForecaster):
    """Its layer is `gru`; `steps` shows the reset and update gates over time."""

    def __init__(self, shape: SeriesShape, params: Params) -> None:
        super().__init__(nn.GRU, shape, params)


ARCHITECTURES.add(
    "gru-forecaster",
    Architecture(
        name="gru-forecaster",
        title="GRU with quantile output",
        tasks=("forecast",),
        Params=Params,
        description="As the LSTM, with two gates instead of three and no cell apart.",
        paper="https://arxiv.org/abs/1406.1078",
        build=GRUForecaster,
    ),
)
