"""Low-rank factors in place of weights."""

from dataclasses import dataclass

from dlexplain.compression.base import COMPRESSIONS, Compression
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    energy: float = number(
        0.9,
        "Energy kept",
        low=0.05,
        high=0.999,
        step=0.01,
        help="Part of each matrix's squared singular values that its factors keep.",
    )


COMPRESSIONS.add(
    "low-rank",
    Compression(
        name="low-rank",
        title="Low-rank factors",
        Params=Params,
        description="Each matrix of a linear layer or convolution becomes the product of two thin "
        "ones by its singular values, where that has fewer weights.",
        paper="Denton et al. 2014, https://arxiv.org/abs/1404.0736",
        module="dlexplain.compression.modules.low_rank:LowRank",
        strength="energy",
    ),
)
