"""Weights and activations in eight bits, the activations' ranges from training inputs."""

from dataclasses import dataclass

from dlexplain.compression.base import COMPRESSIONS, Compression
from dlexplain.params import choice, number


@dataclass(frozen=True)
class Params:
    bits: str = choice(
        "7",
        "Bits of activations",
        ("7", "8"),
        help="7 are exact on every x86 processor; 8 only on those with VNNI, and others then "
        "compute in float32.",
    )
    inputs: int = number(
        256,
        "Calibration inputs",
        low=1,
        high=10_000,
        help="Training inputs on which the range of each layer's input is looked at.",
    )
    inside: float = number(
        99.99,
        "Percent inside",
        low=90.0,
        high=100.0,
        step=0.01,
        help="Part of the values that a layer's range holds; those outside are cut to its ends.",
    )


COMPRESSIONS.add(
    "static-int8",
    Compression(
        name="static-int8",
        title="Eight bits, activations calibrated",
        Params=Params,
        description="Convolutions and linear layers multiply whole numbers: weights with a scale "
        "an output channel, activations with a range that training inputs show. Where it is "
        "trained on, the training sees the rounding (quantisation-aware training).",
        paper="Jacob et al. 2018, https://arxiv.org/abs/1712.05877",
        module="dlexplain.compression.modules.static_int8:StaticInt8",
    ),
)
