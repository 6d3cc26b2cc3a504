"""The fast CIFAR-10 network of airbench94."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Channels of the three blocks; the paper's are 64, 256, 256."""

    width: int = number(64, "First block", low=8, high=256, help="Channels of the first block.")
    deep: int = number(256, "Later blocks", low=16, high=1024, help="Channels of the others.")


ARCHITECTURES.add(
    "airbench",
    Architecture(
        name="airbench",
        title="Airbench network",
        tasks=("classify-image",),
        Params=Params,
        description="Six convolutions after a frozen one that whitens 2 × 2 patches: the fastest "
        "known way to 94% on CIFAR-10.",
        paper="https://arxiv.org/abs/2404.00498",
        module="dlexplain.networks.modules.airbench:AirbenchNet",
        least=17,
        any_side=True,
    ),
)
