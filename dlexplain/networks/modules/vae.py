"""The variational autoencoder.

Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, https://arxiv.org/abs/1312.6114.
The encoder gives mean and log variance of q(z|x) = N(mean, exp(log variance)), z is drawn as
mean + exp(log variance / 2) * noise, and the decoder gives the parameters of p(x|z).
"""

from typing import cast

import torch
from torch import Tensor, nn

from dlexplain.networks.base import PictureShape
from dlexplain.networks.modules.picture_coders import (
    ConvDecoder,
    ConvEncoder,
    dense_decoder,
    dense_encoder,
)
from dlexplain.networks.vae import Params

HIDDEN_LAYERS = 2


class VAE(nn.Module):
    """(batch, channels, side, side) -> logits of the picture that the mean of q(z|x) decodes to."""

    def __init__(self, shape: PictureShape, params: Params) -> None:
        super().__init__()
        self.latent = params.latent
        width = params.width
        if params.layers == "dense":
            hidden = 16 * width
            self.encoder: nn.Module = dense_encoder(shape, hidden, HIDDEN_LAYERS, 2 * params.latent)
            self.decoder: nn.Module = dense_decoder(shape, hidden, HIDDEN_LAYERS, params.latent)
        else:
            self.encoder = ConvEncoder(shape, width, 2 * params.latent)
            self.decoder = ConvDecoder(shape, width, params.latent)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, channels, side, side) -> mean and log variance, (batch, latent) each"""
        mean, log_variance = cast(Tensor, self.encoder(x)).chunk(2, dim=1)
        return mean, log_variance

    def draw(self, mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
        """z of standard normal noise, differentiable in mean and log variance."""
        return mean + torch.exp(log_variance / 2) * noise

    def decode(self, z: Tensor) -> Tensor:
        """(batch, latent) -> (batch, channels, side, side) logits, see picture_coders"""
        return cast(Tensor, self.decoder(z))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x)[0])
