"""A nine-layer residual network that is fast on CIFAR-10."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    width: int = number(
        32, "Width", low=4, high=256, help="Channels of the first layer; the last has 8 times it."
    )
    logit_scale: float = number(
        0.125,
        "Logit scale",
        low=0.01,
        high=1.0,
        step=0.01,
        help="Logits are multiplied by this, which keeps early training soft.",
    )


ARCHITECTURES.add(
    "resnet9",
    Architecture(
        name="resnet9",
        title="ResNet-9",
        tasks=("classify-image",),
        Params=Params,
        description="Nine layers with two residual blocks; the usual fast network for CIFAR-10.",
        paper="https://arxiv.org/abs/1512.03385",
        module="dlexplain.networks.modules.resnet9:ResNet9",
        least=8,
        any_side=True,
    ),
)
