"""The article's picture classifier: convolution, non-linearity, pooling, dense.

LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998,
https://doi.org/10.1109/5.726791. Per output channel y[m, n] = b + sum over input channels and
p, q of x[m + p, n + q] k[p, q].
"""

from typing import cast

from torch import Tensor, nn

from dlexplain.networks.base import PictureShape
from dlexplain.networks.cnn import Params

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


class ArticleCNN(nn.Module):
    """(batch, channels, side, side) -> (batch, classes) logits."""

    def __init__(self, shape: PictureShape, params: Params) -> None:
        super().__init__()
        activation = ACTIVATIONS[params.activation]
        layers: list[nn.Module] = []
        channels, side = shape.channels, shape.side
        for block in range(params.blocks):
            width = params.width * 2**block
            layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=not params.norm))
            layers += [nn.BatchNorm2d(width)] if params.norm else []
            layers.append(activation())
            if side >= 2:
                layers.append(nn.MaxPool2d(2) if params.pooling == "max" else nn.AvgPool2d(2))
                side //= 2
            channels = width
        self.features = nn.Sequential(*layers)
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(
            nn.Linear(channels * side * side, params.dense),
            activation(),
            nn.Dropout(params.dropout),
            nn.Linear(params.dense, shape.classes),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                _initialise(module, params.activation)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (batch, width * 2^(blocks - 1), side / 2^blocks, ...)
        return cast(Tensor, self.classifier(self.flatten(x)))


def _initialise(module: nn.Conv2d | nn.Linear, activation: str) -> None:
    """He for ReLU, Glorot for those that saturate."""
    if activation == "relu":
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    else:
        nn.init.xavier_normal_(module.weight, gain=nn.init.calculate_gain(activation))  # type: ignore[arg-type]
    if module.bias is not None:
        nn.init.zeros_(module.bias)
