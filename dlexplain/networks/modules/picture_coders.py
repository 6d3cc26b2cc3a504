"""Encoders from pictures to vectors, and decoders back: dense, and convolutional.

An encoder takes a picture as the data module normalises it, (pixel - mean) / scale. A decoder
gives logits: sigmoid(decode(z)) is the picture, 0 black and 1 white.
"""

from itertools import pairwise
from typing import cast

from torch import Tensor, nn

from dlexplain.networks.base import PictureShape

SMALLEST = 4
"""Side, about, of the last feature maps."""
MOST_CHANNELS = 256


def halved_sides(side: int, smallest: int = SMALLEST) -> list[int]:
    """28 -> [28, 14, 7, 3]: halved, rounded down, until no more than `smallest`."""
    sides = [side]
    while sides[-1] > smallest:
        sides.append(sides[-1] // 2)
    return sides


def channels_of(stages: int, width: int) -> list[int]:
    """Of each stage: doubling from `width`, but never more than MOST_CHANNELS or width."""
    return [min(width * 2**stage, max(width, MOST_CHANNELS)) for stage in range(stages)]


def dense_encoder(shape: PictureShape, hidden: int, layers: int, outputs: int) -> nn.Sequential:
    """(batch, channels, side, side) -> (batch, outputs) through `layers` hidden layers."""
    units = [shape.channels * shape.side**2, *[hidden] * layers]
    found: list[nn.Module] = [nn.Flatten()]
    for before, after in pairwise(units):
        found += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*found, nn.Linear(units[-1], outputs))


def dense_decoder(shape: PictureShape, hidden: int, layers: int, latent: int) -> nn.Sequential:
    """(batch, latent) -> (batch, channels, side, side) logits."""
    units = [latent, *[hidden] * layers]
    found: list[nn.Module] = []
    for before, after in pairwise(units):
        found += [nn.Linear(before, after), nn.ReLU()]
    size = (shape.channels, shape.side, shape.side)
    return nn.Sequential(
        *found, nn.Linear(units[-1], shape.channels * shape.side**2), nn.Unflatten(1, size)
    )


class ConvEncoder(nn.Module):
    """(batch, channels, side, side) -> (batch, outputs); each stage halves the side."""

    def __init__(self, shape: PictureShape, width: int, outputs: int) -> None:
        super().__init__()
        sides = halved_sides(shape.side)
        widths = [shape.channels, *channels_of(len(sides) - 1, width)]
        stages: list[nn.Module] = []
        for before, after in pairwise(widths):
            stages += [
                nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        self.features = nn.Sequential(*stages)
        self.flatten = nn.Flatten()
        self.head = nn.Linear(widths[-1] * sides[-1] ** 2, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (batch, width * 2^(stages - 1), side / 2^stages, ...)
        return cast(Tensor, self.head(self.flatten(x)))


class ConvDecoder(nn.Module):
    """(batch, latent) -> (batch, channels, side, side) logits; mirrors ConvEncoder."""

    def __init__(self, shape: PictureShape, width: int, latent: int) -> None:
        super().__init__()
        sides = halved_sides(shape.side)[::-1]
        widths = [*channels_of(len(sides) - 1, width)[::-1], shape.channels]
        self.start = nn.Sequential(
            nn.Linear(latent, widths[0] * sides[0] ** 2),
            nn.Unflatten(1, (widths[0], sides[0], sides[0])),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        stages: list[nn.Module] = []
        for stage, (small, large) in enumerate(pairwise(sides)):
            before, after = widths[stage], widths[stage + 1]
            last = stage == len(sides) - 2
            stages.append(
                nn.ConvTranspose2d(
                    before,
                    after,
                    4,
                    stride=2,
                    padding=1,
                    output_padding=large - 2 * small,
                    bias=last,
                )
            )
            stages += [] if last else [nn.BatchNorm2d(after), nn.ReLU()]
        self.stages = nn.Sequential(*stages)

    def forward(self, z: Tensor) -> Tensor:
        return cast(Tensor, self.stages(self.start(z)))
