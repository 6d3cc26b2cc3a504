"""Two of every four weights become zero."""

from dataclasses import dataclass

from dlexplain.compression.base import COMPRESSIONS, Compression


@dataclass(frozen=True)
class Params:
    """None: the pattern is what the hardware takes."""


COMPRESSIONS.add(
    "semi-structured",
    Compression(
        name="semi-structured",
        title="2:4 pruning",
        Params=Params,
        description="Of every four weights in a row, along a layer's inputs, the two of least "
        "magnitude become zero and stay so. Faster kernels for this pattern need an NVIDIA GPU of "
        "compute capability 8.0 or more; elsewhere it costs accuracy and saves nothing but zipped "
        "bytes.",
        paper="Mishra et al. 2021, https://arxiv.org/abs/2104.08378",
        module="dlexplain.compression.modules.semi_structured:SemiStructured",
    ),
)
