"""An autoencoder of dense layers, see autoencoder."""

from dlexplain.networks.base import PictureShape
from dlexplain.networks.mlp_autoencoder import Params
from dlexplain.networks.modules.autoencoder import Autoencoder
from dlexplain.networks.modules.picture_coders import dense_decoder, dense_encoder


def build(shape: PictureShape, params: Params) -> Autoencoder:
    """Encoder and decoder mirror each other."""
    p = params
    return Autoencoder(
        dense_encoder(shape, p.hidden, p.layers, p.latent),
        dense_decoder(shape, p.hidden, p.layers, p.latent),
        p.latent,
    )
