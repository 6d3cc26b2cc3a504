"""Networks as the tests of compressions need them, and data that show them inputs."""

from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.networks.base import ARCHITECTURES, PictureShape, TextShape
from dlexplain.params import parse

PICTURE = PictureShape(3, 20, 5)
TEXT = TextShape(40, 3, 12)
SIZES: dict[str, dict[str, Any]] = {
    "cnn": {"width": 8, "blocks": 2, "dense": 24},
    "resnet9": {"width": 8},
    "airbench": {"width": 16, "deep": 24},
    "efficientnet": {"resolution": 32},
    "text-cnn": {"embedding": 16, "features": 12, "widths": "2,3"},
}


class Shown:
    """Of a data module what a compression asks for: the same inputs at every call."""

    def __init__(self, inputs: Tensor) -> None:
        self.inputs = inputs

    def some_inputs(self, count: int, seed: int) -> Tensor:
        return self.inputs[:count]


def inputs_of(model: str, count: int = 6) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    if model == "text-cnn":
        return torch.randint(1, TEXT.vocabulary, (count, TEXT.longest), generator=generator)
    return torch.randn(count, 3, PICTURE.side, PICTURE.side, generator=generator)


def built(model: str, **params: Any) -> nn.Module:
    """In evaluation, with weights, norms and running statistics of no special values."""
    torch.manual_seed(0)
    architecture = ARCHITECTURES[model]
    shape = TEXT if model == "text-cnn" else PICTURE
    how: Any = parse(architecture.Params, {**SIZES.get(model, {}), **params})
    network = architecture.build(shape, how)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.5, 0.5)
                module.running_mean.uniform_(-0.5, 0.5)  # type: ignore[union-attr]
                module.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr]
    return network.eval()


def numbers(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())
