"""A generator and a discriminator of convolutions."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import flag, number


@dataclass(frozen=True)
class Params:
    """Size of the two networks."""

    conditional: bool = flag(
        False,
        "By class",
        help="A class can be asked for (Mirza and Osindero 2014), and the "
        "discriminator looks for it (Miyato and Koyama 2018).",
    )
    latent: int = number(64, "Latent", low=1, high=1024, help="Numbers a picture is made of.")
    generator_width: int = number(
        32,
        "Generator's width",
        low=4,
        high=512,
        help="Channels of its last stage but one; doubles towards the first.",
    )
    discriminator_width: int = number(
        32, "Discriminator's width", low=4, high=512, help="Channels of its first stage; doubles."
    )


ARCHITECTURES.add(
    "dcgan",
    Architecture(
        name="dcgan",
        title="DCGAN",
        tasks=("gan",),
        Params=Params,
        description="A generator makes pictures of noise, a discriminator learns to tell them from "
        "real ones, and each learns from the other. Spectral normalisation keeps it steady.",
        paper="https://arxiv.org/abs/1511.06434",
        module="dlexplain.networks.modules.dcgan:DCGAN",
        least=8,
    ),
)
