"""A Transformer encoder that reads a window of several series and forecasts quantiles.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762; norms come
first (Xiong et al. 2020, https://arxiv.org/abs/2002.04745), which needs no warm-up.
"""

import torch
from torch import Tensor, nn

from dlexplain.errors import ParamError
from dlexplain.networks.base import SeriesShape
from dlexplain.networks.modules.base import ascending
from dlexplain.networks.transformer_forecaster import Params


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
            params.width,
            params.heads,
            2 * params.width,
            params.dropout,
            "gelu",
            batch_first=True,
            norm_first=True,
        )
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
