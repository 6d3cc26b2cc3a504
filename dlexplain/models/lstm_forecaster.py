"""An LSTM that reads a window of several series and forecasts quantiles of their change.

Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997,
https://doi.org/10.1162/neco.1997.9.8.1735; quantile output after Wen et al., "A Multi-Horizon
Quantile Recurrent Forecaster", 2017, https://arxiv.org/abs/1711.11053.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.models.base import ARCHITECTURES, Architecture, SeriesShape
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    hidden: int = number(32, "Hidden units", low=4, high=1024, help="Of each LSTM layer.")
    layers: int = number(1, "Layers", low=1, high=4, help="LSTM layers on top of each other.")
    dropout: float = number(
        0.2, "Dropout", low=0.0, high=0.9, step=0.1, help="Before the output, and between layers."
    )


class LSTMForecaster(nn.Module):
    """(batch, window, series) -> (batch, horizon, targets, quantiles), quantiles ascending.

    The middle quantile comes first out of the linear layer; each further one is the one before it
    plus or minus a softplus, so they cannot cross.
    """

    def __init__(self, shape: SeriesShape, params: Params) -> None:
        super().__init__()
        self.shape = shape
        between = params.dropout if params.layers > 1 else 0.0
        self.lstm = nn.LSTM(
            shape.series, params.hidden, params.layers, batch_first=True, dropout=between
        )
        self.dropout = nn.Dropout(params.dropout)
        self.head = nn.Linear(params.hidden, shape.horizon * shape.targets * shape.quantiles)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.lstm(x)  # (batch, window, hidden)
        s = self.shape
        raw = self.head(self.dropout(states[:, -1]))
        return ascending(raw.view(-1, s.horizon, s.targets, s.quantiles))


def ascending(raw: Tensor) -> Tensor:
    """(..., quantiles) any numbers -> (..., quantiles) ascending, the middle one unchanged."""
    middle = raw.shape[-1] // 2
    steps = F.softplus(raw)
    centre = raw[..., middle : middle + 1]
    below = centre - steps[..., :middle].flip(-1).cumsum(-1).flip(-1)
    above = centre + steps[..., middle + 1 :].cumsum(-1)
    return torch.cat([below, centre, above], dim=-1)


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
