"""A Transformer encoder that reads a window of several series and forecasts quantiles.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762; norms come
first (Xiong et al. 2020, https://arxiv.org/abs/2002.04745), which needs no warm-up.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dlexplain.errors import ParamError
from dlexplain.networks.base import ARCHITECTURES, Architecture, SeriesShape
from dlexplain.networks.quantiles import ascending
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    width: int = number(32, "Width", low=4, high=1024, help="A multiple of the heads.")
    heads: int = number(4, "Heads", low=1, high=16, help="Of each attention.")
    layers: int = number(2, "Layers", low=1, high=12, help="Encoder layers on top of each other.")
    dropout: float = number(
        0.2, "Dropout", low=0.0, high=0.9, step=0.1, help="In each layer, and before the output."
    )


class TransformerForecaster(nn.Module):
    """(batch, window, series) -> (batch, horizon, targets, quantiles), quantiles ascending.

    Each period is a token; its place is a learned vector. The last period's output forecasts.
    """

    def __init__(self, shape: SeriesShape, params: Params) -> None:
        super().__init__()
        if params.width % params.heads:
            raise ParamError(
                f"width is {params.width} and heads is {params.heads}; a width that is a multiple "
                "of the heads is accepted"
            )
        self.shape = shape
        self.embed = nn.Linear(shape.series, params.width)
        self.places = nn.Parameter(0.02 * torch.randn(shape.window, params.width))
        layer = nn.TransformerEncoderLayer(
            params.width, params.heads, 2 * params.width, params.dropout, "gelu",
            batch_first=True, norm_first=True,
        )  # fmt: skip
        self.encoder = nn.TransformerEncoder(layer, params.layers, enable_nested_tensor=False)
        for parameter in self.encoder.parameters():
            if parameter.dim() > 1:  # the encoder copies one layer, weights and all
                nn.init.xavier_uniform_(parameter)
        self.norm = nn.LayerNorm(params.width)
        self.dropout = nn.Dropout(params.dropout)
        self.head = nn.Linear(params.width, shape.horizon * shape.targets * shape.quantiles)

    def forward(self, x: Tensor) -> Tensor:
        states = self.encoder(self.embed(x) + self.places)  # (batch, window, width)
        s = self.shape
        raw = self.head(self.dropout(self.norm(states[:, -1])))
        return ascending(raw.view(-1, s.horizon, s.targets, s.quantiles))

    def attention(self, x: Tensor) -> list[Tensor]:
        """(batch, heads, window, window) of each layer; each row sums to 1 in evaluation."""
        states = self.embed(x) + self.places
        every = []
        for layer in self.encoder.layers:
            y = layer.norm1(states)
            _, weights = layer.self_attn(y, y, y, average_attn_weights=False)
            every.append(weights)
            states = layer(states)
        return every


ARCHITECTURES.add(
    "transformer-forecaster",
    Architecture(
        name="transformer-forecaster",
        title="Transformer with quantile output",
        tasks=("forecast",),
        Params=Params,
        description="Attention over the periods of a window instead of reading them in order.",
        paper="https://arxiv.org/abs/1706.03762",
        build=TransformerForecaster,
    ),
)
