"""The article's picture classifier: convolution, non-linearity, pooling, dense."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import choice, flag, number


@dataclass(frozen=True)
class Params:
    """Size of the network and the choices that the article names."""

    width: int = number(32, "Width", low=4, high=512, help="Channels of the first block; doubles.")
    blocks: int = number(
        3, "Blocks", low=1, high=5, help="Each halves the picture's side, down to 1."
    )
    activation: str = choice(
        "relu",
        "Activation",
        ("relu", "tanh", "sigmoid"),
        help="The non-linearity after each layer.",
    )
    pooling: str = choice(
        "max", "Pooling", ("max", "average"), help="What stands for each 2 × 2 square."
    )
    dense: int = number(128, "Dense units", low=8, high=4096, help="Of the layer before the last.")
    norm: bool = flag(True, "Batch norm", help="After each convolution (Ioffe and Szegedy 2015).")
    dropout: float = number(
        0.2, "Dropout", low=0.0, high=0.9, step=0.1, help="Part of the dense units left out."
    )


ARCHITECTURES.add(
    "cnn",
    Architecture(
        name="cnn",
        title="The article's CNN",
        tasks=("classify-image",),
        Params=Params,
        description="Convolution, a choice of sigmoid, tanh or ReLU, maximum or average pooling, "
        "then dense layers.",
        paper="https://doi.org/10.1109/5.726791",
        module="dlexplain.networks.modules.cnn:ArticleCNN",
        least=4,
    ),
)
