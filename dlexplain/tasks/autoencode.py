"""Squeezing pictures into a few numbers and back: mean squared error, with noise if wanted.

Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders", 2008,
https://doi.org/10.1145/1390156.1390294: noise is added to the input, the clean picture is wanted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlexplain.networks.base import PictureShape
from dlexplain.params import number
from dlexplain.tasks.base import TASKS, TaskSpec


@dataclass(frozen=True)
class Params:
    """Of the input."""

    noise: float = number(
        0.0,
        "Noise",
        low=0.0,
        high=2.0,
        step=0.05,
        help="Standard deviation of what is added to the input, in units of the whole range from "
        "black to white; the clean picture is wanted (Vincent 2008). 0 adds none.",
    )


def picture_shape(facts: Mapping[str, Any], params: object) -> PictureShape:
    """Of all tasks that make pictures; they have no use for the classes."""
    return PictureShape(facts["channels"], facts["side"], len(facts["classes"]))


TASKS.add(
    "autoencode",
    TaskSpec(
        name="autoencode",
        title="Autoencoding",
        modality="image",
        Params=Params,
        description="Squeeze a picture into a few numbers and make it anew from them.",
        monitor="validation/loss",
        mode="min",
        shape=picture_shape,
        module="dlexplain.tasks.modules.autoencode:Autoencode",
        noun="autoencoder",
        headline="test/error",
    ),
)
