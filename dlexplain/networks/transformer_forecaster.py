"""A Transformer encoder that reads a window of several series and forecasts quantiles."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
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


ARCHITECTURES.add(
    "transformer-forecaster",
    Architecture(
        name="transformer-forecaster",
        title="Transformer with quantile output",
        tasks=("forecast",),
        Params=Params,
        description="Attention over the periods of a window instead of reading them in order.",
        paper="https://arxiv.org/abs/1706.03762",
        module="dlexplain.networks.modules.transformer_forecaster:TransformerForecaster",
    ),
)
