"""MiniLM, pretrained, fine-tuned by low-rank adapters and a new head."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Of the adapters."""

    rank: int = number(16, "Rank", low=1, high=128, help="Of the adapters' change of each map.")
    alpha: float = number(
        32.0, "Alpha", low=1.0, high=256.0, step=1.0, help="The change is scaled by alpha / rank."
    )
    dropout: float = number(
        0.1, "Dropout", low=0.0, high=0.9, step=0.1, help="In the adapters and before the output."
    )


ARCHITECTURES.add(
    "minilm",
    Architecture(
        name="minilm",
        title="MiniLM, fine-tuned",
        tasks=("classify-text",),
        Params=Params,
        description="A pretrained sentence encoder with low-rank adapters and a new head; set the "
        "task's tokeniser to minilm.",
        paper="https://arxiv.org/abs/2106.09685",
        module="dlexplain.networks.modules.minilm:MiniLM",
        shows=("attention", "heads"),
    ),
)
