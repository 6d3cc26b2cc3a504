"""What the recurrent forecasters share: a recurrent layer reads a window, its last state forecasts.

Quantile output after Wen et al., "A Multi-Horizon Quantile Recurrent Forecaster", 2017,
https://arxiv.org/abs/1711.11053.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from dlexplain.networks.base import SeriesShape
from dlexplain.networks.quantiles import ascending
from dlexplain.networks.recurrent_steps import Recurrent, Steps, unroll
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    hidden: int = number(32, "Hidden units", low=4, high=1024, help="Of each recurrent layer.")
    layers: int = number(1, "Layers", low=1, high=4, help="Recurrent layers on top of each other.")
    dropout: float = number(
        0.2, "Dropout", low=0.0, high=0.9, step=0.1, help="Before the output, and between layers."
    )


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
