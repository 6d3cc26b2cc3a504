"""A convolutional autoencoder, see autoencoder.

Masci et al., "Stacked Convolutional Auto-Encoders for Hierarchical Feature Extraction", 2011,
https://doi.org/10.1007/978-3-642-21735-7_7. Strided convolutions stand for its pooling.
"""

from dataclasses import dataclass

from dlexplain.networks.autoencoder import Autoencoder
from dlexplain.networks.base import ARCHITECTURES, Architecture, PictureShape
from dlexplain.networks.picture_coders import ConvDecoder, ConvEncoder
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    latent: int = number(32, "Latent", low=1, high=1024, help="Numbers that a picture becomes.")
    width: int = number(32, "Width", low=4, high=512, help="Channels of the first stage; doubles.")


def build(shape: PictureShape, params: Params) -> Autoencoder:
    """Encoder and decoder mirror each other."""
    encoder = ConvEncoder(shape, params.width, params.latent)
    return Autoencoder(encoder, ConvDecoder(shape, params.width, params.latent), params.latent)


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
        build=build,
        least=8,
    ),
)
