"""What every autoencoder is: an encoder to a short vector, and a decoder back.

Hinton and Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", 2006,
https://doi.org/10.1126/science.1127647
"""

from typing import cast

from torch import Tensor, nn

from dlexplain.networks.autoencoder import ConvParams, DenseParams
from dlexplain.networks.base import PictureShape
from dlexplain.networks.modules.picture_coders import (
    ConvDecoder,
    ConvEncoder,
    dense_decoder,
    dense_encoder,
)


class Autoencoder(nn.Module):
    """(batch, channels, side, side) -> logits of the picture again, see picture_coders."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, latent: int) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.latent = latent

    def encode(self, x: Tensor) -> Tensor:
        """(batch, channels, side, side) -> (batch, latent)"""
        return cast(Tensor, self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        """(batch, latent) -> (batch, channels, side, side) logits"""
        return cast(Tensor, self.decoder(z))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


def convolutional(shape: PictureShape, params: ConvParams) -> Autoencoder:
    """Encoder and decoder mirror each other."""
    encoder = ConvEncoder(shape, params.width, params.latent)
    return Autoencoder(encoder, ConvDecoder(shape, params.width, params.latent), params.latent)


def dense(shape: PictureShape, params: DenseParams) -> Autoencoder:
    """Encoder and decoder mirror each other."""
    p = params
    return Autoencoder(
        dense_encoder(shape, p.hidden, p.layers, p.latent),
        dense_decoder(shape, p.hidden, p.layers, p.latent),
        p.latent,
    )
