"""Tiny models and a runner, so that an explanation is a line in a test."""

from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.errors import Cancelled
from dlexplain.explainers.base import METHODS
from dlexplain.explainers.batching import BatchSizes, Target
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.methods import gradients  # noqa: F401, registers every method
from dlexplain.explainers.prepare import PreparedModel, prepare
from dlexplain.explainers.progress import Progress
from dlexplain.networks.base import PictureShape
from dlexplain.networks.modules.vit import VisionTransformer
from dlexplain.networks.vit import Params
from dlexplain.results import Attribution

SIDE = 32
RANGE = (-1.0, 1.0)
__all__ = ["RANGE", "SIDE", "Cancelled", "conv_net", "explain", "linear_net", "picture", "prepared"]


def picture(seed: int = 0, side: int = SIDE) -> Tensor:
    """(1, 3, side, side) in RANGE, smooth enough for superpixels to be found."""
    noise = torch.randn((1, 3, 4, 4), generator=torch.Generator().manual_seed(seed))
    big = nn.functional.interpolate(noise, size=(side, side), mode="bicubic")
    return big.clamp(*RANGE)


def linear_net(classes: int = 3, side: int = SIDE) -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * side * side, classes))


def conv_net(activation: type[nn.Module] = nn.ReLU6, classes: int = 4) -> nn.Sequential:
    """Convolutions with BatchNorm, as preparing folds them."""
    torch.manual_seed(2)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        activation(),
        nn.Conv2d(8, 8, 3, stride=2, padding=1),
        activation(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, classes),
    )
    for module in net:
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2.0)
        elif isinstance(module, nn.Conv2d):
            module.weight.data *= 3  # so that ReLU6 saturates somewhere
    return net


def patch_net(classes: int = 4) -> VisionTransformer:
    """A vision Transformer of 8 × 8 patches."""
    torch.manual_seed(2)
    params = Params(patch=4, stem="patches", width=16, heads=2, layers=2, feed_forward=16)
    return VisionTransformer(PictureShape(3, SIDE, classes), params)


def suited(method: str) -> nn.Module:
    """One that the method explains."""
    return patch_net() if "attention" in METHODS[method].needs else conv_net()


def prepared(model: nn.Module, side: int = SIDE) -> PreparedModel:
    return prepare(model, (3, side, side), RANGE)


def fixed(model: PreparedModel, chunk: int) -> BatchSizes:
    """A book that has measured `chunk` for this model."""
    book = BatchSizes()
    for kind in ("forward", "gradient"):
        book.lower(model, kind, chunk)
    return book


def explain(
    model: nn.Module | PreparedModel,
    method: str,
    inputs: Tensor | None = None,
    target: Target | int = 1,
    progress: Progress | None = None,
    chunks: BatchSizes | None = None,
    **params: Any,
) -> Attribution:
    ready = model if isinstance(model, PreparedModel) else prepared(model)
    chosen = target if isinstance(target, Target) else Target(target)
    explainer = METHODS[method]
    given = PictureInput(
        ready,
        chosen,
        progress or Progress(),
        chunks or BatchSizes(),
        picture() if inputs is None else inputs,
    )
    return Attribution(**vars(explainer.explain(given, explainer.request("picture", params))))
