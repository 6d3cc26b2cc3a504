"""Whole channels are removed, so that each layer really is smaller."""

from dataclasses import dataclass

from dlexplain.compression.base import COMPRESSIONS, Compression
from dlexplain.params import choice, number

EACH, GLOBAL = "each layer", "whole network"


@dataclass(frozen=True)
class Params:
    part: float = number(
        0.3,
        "Part of the channels",
        low=0.01,
        high=0.95,
        step=0.05,
        help="Part of the channels, or of a dense layer's units, that are removed.",
    )
    scope: str = choice(
        EACH,
        "Ranked in",
        (EACH, GLOBAL),
        help="Each layer loses the same part; or the weakest of the whole network go, wherever "
        "they are, and every layer keeps at least a tenth.",
    )


COMPRESSIONS.add(
    "channels",
    Compression(
        name="channels",
        title="Channel pruning",
        Params=Params,
        description="The channels of least norm are removed with all that belongs to them in other "
        "layers: filters, norms, and the weights that read them. The network has fewer weights and "
        "operations, on every machine.",
        paper="Fang et al. 2023, https://arxiv.org/abs/2301.12900",
        module="dlexplain.compression.modules.channels:Channels",
        strength="part",
        models=("cnn", "resnet9", "airbench", "efficientnet", "text-cnn"),
    ),
)
