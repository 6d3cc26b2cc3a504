"""A convolutional autoencoder, see autoencoder.

Masci et al., "Stacked Convolutional Auto-Encoders for Hierarchical Feature Extraction", 2011,
https://doi.org/10.1007/978-3-642-21735-7_7. Strided convolutions stand for its pooling.
"""

from dlexplain.networks.base import PictureShape
from dlexplain.networks.conv_autoencoder import Params
from dlexplain.networks.modules.autoencoder import Autoencoder
from dlexplain.networks.modules.picture_coders import ConvDecoder, ConvEncoder


def build(shape: PictureShape, params: Params) -> Autoencoder:
    """Encoder and decoder mirror each other."""
    encoder = ConvEncoder(shape, params.width, params.latent)
    return Autoencoder(encoder, ConvDecoder(shape, params.width, params.latent), params.latent)
