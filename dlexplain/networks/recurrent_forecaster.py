"""Forecasters with a recurrent layer, whose last state forecasts: Elman's network, LSTM and GRU."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    hidden: int = number(32, "Hidden units", low=4, high=1024, help="Of each recurrent layer.")
    layers: int = number(1, "Layers", low=1, high=4, help="Recurrent layers on top of each other.")
    dropout: float = number(
        0.2, "Dropout", low=0.0, high=0.9, step=0.1, help="Before the output, and between layers."
    )


ARCHITECTURES.add(
    "rnn-forecaster",
    Architecture(
        name="rnn-forecaster",
        title="Elman RNN with quantile output",
        tasks=("forecast",),
        Params=Params,
        description="The article's recurrent network: tanh, no gates.",
        paper="https://doi.org/10.1207/s15516709cog1402_1",
        module="dlexplain.networks.modules.recurrent_forecaster:RNNForecaster",
    ),
)

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
        module="dlexplain.networks.modules.recurrent_forecaster:LSTMForecaster",
    ),
)

ARCHITECTURES.add(
    "gru-forecaster",
    Architecture(
        name="gru-forecaster",
        title="GRU with quantile output",
        tasks=("forecast",),
        Params=Params,
        description="As the LSTM, with two gates instead of three and no cell apart.",
        paper="https://arxiv.org/abs/1406.1078",
        module="dlexplain.networks.modules.recurrent_forecaster:GRUForecaster",
    ),
)
