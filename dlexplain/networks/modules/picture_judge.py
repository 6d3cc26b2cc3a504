"""A small picture classifier that judges what a GAN makes; see tasks/judge.py, which fits it."""

from typing import cast

import torch
from torch import Tensor, nn

from dlexplain.networks.base import PictureShape

FEATURES = 64
WIDTH = 16
STAGES = 3


class PictureJudge(nn.Module):
    """(batch, channels, side, side) normalised -> (batch, classes) logits.

    Group norms, so that a picture's features do not depend on the others in its batch. It does not
    learn beside the network that it judges, and is kept with it, so that a test is the same
    everywhere.
    """

    accuracy: Tensor
    """(), on pictures that it was not fitted to."""

    def __init__(self, shape: PictureShape) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels, side = shape.channels, shape.side
        for stage in range(STAGES):
            width = WIDTH * 2**stage
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.GroupNorm(4, width), nn.ReLU()]
            if side >= 2:
                layers.append(nn.MaxPool2d(2))
                side //= 2
            channels = width
        self.body = nn.Sequential(
            *layers,
            nn.AdaptiveAvgPool2d(min(side, STAGES + 1)),
            nn.Flatten(),
            nn.Linear(channels * min(side, STAGES + 1) ** 2, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, shape.classes)
        self.register_buffer("accuracy", torch.zeros(()))
        self.requires_grad_(False)

    def features(self, x: Tensor) -> Tensor:
        """(batch, FEATURES), 0 or more"""
        return cast(Tensor, self.body(x))

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.head(self.features(x)))
