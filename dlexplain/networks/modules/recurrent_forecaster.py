"""What the recurrent forecasters share: a recurrent layer reads a window, its last state forecasts.

Quantile output after Wen et al., "A Multi-Horizon Quantile Recurrent Forecaster", 2017,
https://arxiv.org/abs/1711.11053.
"""

from torch import Tensor, nn

from dlexplain.networks.base import SeriesShape
from dlexplain.networks.modules.base import ascending
from dlexplain.networks.modules.recurrent_steps import Recurrent, Steps, unroll
from dlexplain.networks.recurrent_forecaster import Params


class RecurrentForecaster(nn.Module):
    """(batch, window, series) -> (batch, horizon, targets, quantiles), quantiles ascending.

    kind  the layer's class, and its name among the weights: rnn, lstm or gru
    """

    def __init__(self, kind: type[Recurrent], shape: SeriesShape, params: Params) -> None:
        super().__init__()
        self.shape = shape
        self.key = kind.__name__.lower()
        between = params.dropout if params.layers > 1 else 0.0
        layer = kind(shape.series, params.hidden, params.layers, batch_first=True, dropout=between)
        self.add_module(self.key, layer)
        self.dropout = nn.Dropout(params.dropout)
        self.head = nn.Linear(params.hidden, shape.horizon * shape.targets * shape.quantiles)

    @property
    def recurrent(self) -> Recurrent:
        layer: Recurrent = getattr(self, self.key)
        return layer

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.recurrent(x)  # (batch, window, hidden)
        s = self.shape
        raw = self.head(self.dropout(states[:, -1]))
        return ascending(raw.view(-1, s.horizon, s.targets, s.quantiles))

    def steps(self, x: Tensor) -> list[Steps]:
        """Hidden states and gates of each layer at each period of the window."""
        return unroll(self.recurrent, x)


class RNNForecaster(RecurrentForecaster):
    """Its layer is `rnn`; `steps` shows the states over time."""

    def __init__(self, shape: SeriesShape, params: Params) -> None:
        super().__init__(nn.RNN, shape, params)


class LSTMForecaster(RecurrentForecaster):
    """Its layer is `lstm`; `steps` shows the input, forget and output gates over time."""

    def __init__(self, shape: SeriesShape, params: Params) -> None:
        super().__init__(nn.LSTM, shape, params)


class GRUForecaster(RecurrentForecaster):
    """Its layer is `gru`; `steps` shows the reset and update gates over time."""

    def __init__(self, shape: SeriesShape, params: Params) -> None:
        super().__init__(nn.GRU, shape, params)
