"""The fast CIFAR-10 network of airbench94.

Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, https://arxiv.org/abs/2404.00498:
a frozen first layer that whitens 2x2 patches of the training pictures, three blocks of two
convolutions, batch norms without scale, scaled logits.
"""

from typing import cast

import torch
from torch import Tensor, nn

from dlexplain.networks.airbench import Params
from dlexplain.networks.base import PictureShape

WHITEN_EPSILON = 5e-4
LOGIT_SCALE = 1 / 9


class Block(nn.Module):
    """(batch, in, side, side) -> (batch, out, side // 2, side // 2)"""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1 = _conv(channels_in, channels_out)
        self.pool = nn.MaxPool2d(2)
        self.norm1 = _norm(channels_out)
        self.act1 = nn.GELU()
        self.conv2 = _conv(channels_out, channels_out)
        self.norm2 = _norm(channels_out)
        self.act2 = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.act1(self.norm1(self.pool(self.conv1(x))))
        return cast(Tensor, self.act2(self.norm2(self.conv2(x))))


class AirbenchNet(nn.Module):
    """(batch, channels, side, side) -> (batch, classes) logits; `side` is at least 17."""

    def __init__(self, shape: PictureShape, params: Params) -> None:
        super().__init__()
        whitened = 2 * shape.channels * 4
        self.whiten = nn.Conv2d(shape.channels, whitened, 2)
        self.whiten.weight.requires_grad = False
        self.act = nn.GELU()
        self.blocks = nn.Sequential(
            Block(whitened, params.width),
            Block(params.width, params.deep),
            Block(params.deep, params.deep),
        )
        self.pool = nn.AdaptiveMaxPool2d(1)
        self.flatten = nn.Flatten()
        self.head = nn.Linear(params.deep, shape.classes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.whiten(x))
        x = self.flatten(self.pool(self.blocks(x)))  # (batch, deep)
        return cast(Tensor, self.head(x)) * LOGIT_SCALE

    def see_data(self, inputs: Tensor) -> None:
        """Set the whitening from (count, channels, side, side) normalised training pictures."""
        weight = whitening(inputs, 2)
        with torch.no_grad():
            self.whiten.weight.copy_(torch.cat([weight, -weight]))


def whitening(pictures: Tensor, size: int, epsilon: float = WHITEN_EPSILON) -> Tensor:
    """(n, channels, side, side) -> (channels * size², channels, size, size), filters whose
    outputs on the pictures' patches have the identity as second moment, which is their covariance
    where pictures have mean 0; `epsilon` keeps rare directions from growing large."""
    channels = pictures.shape[1]
    patches = pictures.unfold(2, size, 1).unfold(3, size, 1)  # (n, c, y, x, size, size)
    flat = patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, channels * size * size).double()
    covariance = flat.T @ flat / len(flat)
    values, vectors = torch.linalg.eigh(covariance)
    filters = vectors.T / (values + epsilon).sqrt()[:, None]
    whitening_filters: Tensor = filters.flip(0).reshape(-1, channels, size, size).float()
    return whitening_filters


def _conv(channels_in: int, channels_out: int) -> nn.Conv2d:
    conv = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
    nn.init.dirac_(conv.weight[: conv.in_channels])
    return conv


def _norm(channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels, eps=1e-12, momentum=0.4)
    norm.weight.requires_grad = False
    return norm
