"""Weights in sixteen bits."""

from dataclasses import dataclass

from dlexplain.compression.base import COMPRESSIONS, Compression
from dlexplain.params import choice


@dataclass(frozen=True)
class Params:
    format: str = choice(
        "bfloat16",
        "Format",
        ("bfloat16", "float16"),
        help="bfloat16 has float32's range and 8 bits of precision, float16 11 bits and values up "
        "to 65504.",
    )


COMPRESSIONS.add(
    "half",
    Compression(
        name="half",
        title="Sixteen bits",
        Params=Params,
        description="Weights are kept in sixteen bits, half of the bytes. Convolutions and linear "
        "layers over tokens also compute in bfloat16 where the processor has instructions for it, "
        "else in float32.",
        paper="Kalamkar et al. 2019, https://arxiv.org/abs/1905.12322",
        module="dlexplain.compression.modules.half:Half",
        learns=False,
    ),
)
