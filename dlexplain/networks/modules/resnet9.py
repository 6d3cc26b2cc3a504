"""A nine-layer residual network that is fast on CIFAR-10.

He et al., "Deep Residual Learning for Image Recognition", 2015,
https://arxiv.org/abs/1512.03385; the shape is that of Page, "How to Train Your ResNet", 2018,
https://github.com/davidcpage/cifar10-fast.
"""

from typing import cast

from torch import Tensor, nn

from dlexplain.networks.base import PictureShape
from dlexplain.networks.resnet9 import Params


class ConvNorm(nn.Module):
    """(batch, in, side, side) -> (batch, out, side or side // 2, ...)"""

    def __init__(self, channels_in: int, channels_out: int, pool: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels_out)
        self.act = nn.ReLU()
        self.pool = nn.MaxPool2d(2) if pool else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.pool(self.act(self.norm(self.conv(x)))))


class Residual(nn.Module):
    """x + two convolutions of x; the shape stays."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels)
        self.second = ConvNorm(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + cast(Tensor, self.second(self.first(x)))


class ResNet9(nn.Module):
    """(batch, channels, side, side) -> (batch, classes) logits; `side` is at least 8."""

    def __init__(self, shape: PictureShape, params: Params) -> None:
        super().__init__()
        width = params.width
        self.stem = ConvNorm(shape.channels, width)  # (batch, w, side, side)
        self.stages = nn.Sequential(
            ConvNorm(width, 2 * width, pool=True),  # (batch, 2w, side / 2, ...)
            Residual(2 * width),
            ConvNorm(2 * width, 4 * width, pool=True),  # (batch, 4w, side / 4, ...)
            ConvNorm(4 * width, 8 * width, pool=True),  # (batch, 8w, side / 8, ...)
            Residual(8 * width),
        )
        self.pool = nn.AdaptiveMaxPool2d(1)
        self.flatten = nn.Flatten()
        self.head = nn.Linear(8 * width, shape.classes, bias=False)
        self.logit_scale = params.logit_scale

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.stages(self.stem(x)))  # (batch, 8w, 1, 1)
        return cast(Tensor, self.head(self.flatten(x))) * self.logit_scale
