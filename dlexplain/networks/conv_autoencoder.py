"""A convolutional autoencoder, see autoencoder."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    latent: int = number(32, "Latent", low=1, high=1024, help="Numbers that a picture becomes.")
    width: int = number(32, "Width", low=4, high=512, help="Channels of the first stage; doubles.")


ARCHITECTURES.add(
    "conv-autoencoder",
    Architecture(
        name="conv-autoencoder",
        title="Autoencoder, convolutional",
        tasks=("autoencode",),
        Params=Params,
        description="Convolutions halve the picture's side until a few numbers are left, and "
        "transposed ones unfold them again.",
        paper="https://doi.org/10.1007/978-3-642-21735-7_7",
        module="dlexplain.networks.modules.conv_autoencoder:build",
        least=8,
    ),
)
