"""Autoencoders: of dense layers, and of convolutions."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import number


@dataclass(frozen=True)
class DenseParams:
    """Size of the network."""

    latent: int = number(32, "Latent", low=1, high=1024, help="Numbers that a picture becomes.")
    hidden: int = number(512, "Hidden units", low=4, high=8192, help="Of each hidden layer.")
    layers: int = number(2, "Hidden layers", low=0, high=8, help="Of each of the two halves.")


ARCHITECTURES.add(
    "mlp-autoencoder",
    Architecture(
        name="mlp-autoencoder",
        title="Autoencoder, dense",
        tasks=("autoencode",),
        Params=DenseParams,
        description="Dense layers squeeze a picture into a few numbers and unfold it again.",
        paper="https://doi.org/10.1126/science.1127647",
        module="dlexplain.networks.modules.autoencoder:dense",
        least=1,
    ),
)


@dataclass(frozen=True)
class ConvParams:
    """Size of the network."""

    latent: int = number(32, "Latent", low=1, high=1024, help="Numbers that a picture becomes.")
    width: int = number(32, "Width", low=4, high=512, help="Channels of the first stage; doubles.")


ARCHITECTURES.add(
    "conv-autoencoder",
    Architecture(
        name="conv-autoencoder",
        title="Autoencoder, convolutional",
        tasks=("autoencode",),
        Params=ConvParams,
        description="Convolutions halve the picture's side until a few numbers are left, and "
        "transposed ones unfold them again.",
        paper="https://doi.org/10.1007/978-3-642-21735-7_7",
        module="dlexplain.networks.modules.autoencoder:convolutional",
        least=8,
    ),
)
