"""EfficientNet-Lite0, pretrained on ImageNet, fine-tuned on other pictures."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.networks.efficientnet_lite0 import WEIGHTS
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Of the input and the head."""

    resolution: int = number(
        128,
        "Resolution",
        low=32,
        high=224,
        step=32,
        help="Side in pixels to which smaller pictures are enlarged; ImageNet's was 224.",
    )
    dropout: float = number(0.2, "Dropout", low=0.0, high=0.9, step=0.1, help="Before the output.")


ARCHITECTURES.add(
    "efficientnet",
    Architecture(
        name="efficientnet",
        title="EfficientNet-Lite0, fine-tuned",
        tasks=("classify-image",),
        Params=Params,
        description="Pretrained on ImageNet; small pictures are enlarged, all layers learn on.",
        paper="https://arxiv.org/abs/1805.08974",
        module="dlexplain.networks.modules.efficientnet:EfficientNet",
        least=8,
        any_side=True,
        weights=WEIGHTS,
    ),
)
