"""What every autoencoder is: an encoder to a short vector, and a decoder back.

Hinton and Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", 2006,
https://doi.org/10.1126/science.1127647
"""

from typing import cast

from torch import Tensor, nn


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
