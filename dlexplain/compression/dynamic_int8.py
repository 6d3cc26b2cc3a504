"""Weights in eight bits; activations are rounded as they come."""

from dataclasses import dataclass

from dlexplain.compression.base import COMPRESSIONS, Compression
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    least: int = number(
        1000,
        "Smallest matrix",
        low=1,
        high=100_000_000,
        help="Weights that a layer's matrix has at least to be kept in eight bits.",
    )


COMPRESSIONS.add(
    "dynamic-int8",
    Compression(
        name="dynamic-int8",
        title="Eight bits, activations as they come",
        Params=Params,
        description="The weights of linear, recurrent and embedding layers become whole numbers "
        "from -127 to 127 with a scale a row, a quarter of the bytes. Large layers also compute "
        "with whole numbers: each input is rounded by its own largest value. Needs no data.",
        paper="Jacob et al. 2018, https://arxiv.org/abs/1712.05877",
        module="dlexplain.compression.modules.dynamic_int8:DynamicInt8",
        learns=False,
    ),
)
