"""A generator and a discriminator of convolutions.

Radford et al., "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", 2016, https://arxiv.org/abs/1511.06434, with spectral normalisation: Miyato
et al., 2018, https://arxiv.org/abs/1802.05957. Where wanted, by class: Mirza and Osindero,
"Conditional Generative Adversarial Nets", 2014, https://arxiv.org/abs/1411.1784, with the
projection of Miyato and Koyama, "cGANs with Projection Discriminator", 2018,
https://arxiv.org/abs/1802.05637. Pictures are -1 (black) to 1 (white) on both sides.
"""

import math
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from dlexplain.networks.base import PictureShape
from dlexplain.networks.dcgan import Params
from dlexplain.networks.modules.picture_coders import channels_of, halved_sides
from dlexplain.networks.modules.picture_judge import PictureJudge

SMALLEST = 7
"""Largest side of the maps that the generator begins with: 7 for 28, 4 for 32."""
SLOPE = 0.1
NORM_STEPS = 30
SPREAD = 0.02
"""Standard deviation of fresh weights (Radford)."""


class Generator(nn.Module):
    """(batch, latent) -> (batch, channels, side, side), -1 to 1"""

    def __init__(self, shape: PictureShape, latent: int, width: int) -> None:
        super().__init__()
        sides = halved_sides(shape.side, SMALLEST)[::-1]
        widths = [*channels_of(len(sides) - 1, width)[::-1], shape.channels]
        self.start = nn.Sequential(
            nn.Linear(latent, widths[0] * sides[0] ** 2, bias=False),
            nn.Unflatten(1, (widths[0], sides[0], sides[0])),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        stages: list[nn.Module] = []
        for stage, (small, large) in enumerate(pairwise(sides)):
            before, after = widths[stage], widths[stage + 1]
            last = stage == len(sides) - 2
            odd = large - 2 * small
            stages.append(nn.ConvTranspose2d(before, after, 4, 2, 1, output_padding=odd, bias=last))
            stages += [nn.Tanh()] if last else [nn.BatchNorm2d(after), nn.ReLU()]
        self.stages = nn.Sequential(*stages)
        for module in self.modules():
            if isinstance(module, nn.ConvTranspose2d | nn.Linear):
                nn.init.normal_(module.weight, 0.0, SPREAD)

    def forward(self, z: Tensor) -> Tensor:
        return cast(Tensor, self.stages(self.start(z)))


class Discriminator(nn.Module):
    """(batch, channels, side, side), -1 to 1 -> (batch,) logits, high where it seems real; with
    labels, (batch,), plus the logit of their class.

    Each layer's largest singular value is held at 1, so the logit cannot change faster than the
    picture does.
    """

    def __init__(self, shape: PictureShape, width: int, classes: int) -> None:
        super().__init__()
        sides = halved_sides(shape.side, SMALLEST)
        widths = [shape.channels, *channels_of(len(sides) - 1, width)]
        stages: list[nn.Module] = []
        for before, after in pairwise(widths):
            stages.append(spectral_norm(nn.Conv2d(before, after, 4, stride=2, padding=1)))
            stages.append(nn.LeakyReLU(SLOPE))
        self.features = nn.Sequential(*stages)
        self.flatten = nn.Flatten()
        size = widths[-1] * sides[-1] ** 2
        self.head = spectral_norm(nn.Linear(size, 1))
        self.class_head = spectral_norm(nn.Linear(size, classes, bias=False)) if classes else None

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self.flatten(self.features(x))  # (batch, width * 2^(stages - 1) * (side / 2^stages)^2)
        logits = cast(Tensor, self.head(x))[:, 0]
        if self.class_head is None or labels is None:
            return logits
        return logits + cast(Tensor, self.class_head(x)).gather(1, labels[:, None])[:, 0]

    def find_norms(self) -> None:
        """Iterate until each layer's singular value is right, as it is not after averaging: the
        mean of singular vectors is none."""
        was = self.training
        self.train()
        with torch.no_grad():
            for _ in range(NORM_STEPS):
                for layer in self.modules():
                    if isinstance(layer, nn.Conv2d | nn.Linear):
                        _ = layer.weight  # computed anew at each look
        self.train(was)


class DCGAN(nn.Module):
    """(batch, latent + asked) -> (batch, channels, side, side); beside it the discriminator, and a
    judge that does not take part, see picture_judge.

    latent  random numbers of a picture
    asked   classes that can be asked for, 0 where the network is not conditional
    """

    def __init__(self, shape: PictureShape, params: Params) -> None:
        super().__init__()
        self.latent = params.latent
        self.asked = shape.classes if params.conditional else 0
        width = params.discriminator_width
        self.generator = Generator(shape, params.latent + self.asked, params.generator_width)
        self.discriminator = Discriminator(shape, width, self.asked)
        self.judge = PictureJudge(shape)

    def latent_of(self, noise: Tensor, labels: Tensor) -> Tensor:
        """(batch, latent) standard normal and (batch,) -> (batch, latent + asked), what `generate`
        takes: where classes are asked for, they follow one-hot and as strong as the noise."""
        if not self.asked:
            return noise
        asked = F.one_hot(labels, self.asked).to(noise) * math.sqrt(self.latent)
        return torch.cat([noise, asked], dim=1)

    def generate(self, z: Tensor) -> Tensor:
        """(batch, latent + asked), see latent_of -> (batch, channels, side, side), -1 to 1"""
        return cast(Tensor, self.generator(z))

    def discriminate(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """(batch, channels, side, side), -1 to 1 -> (batch,) logits; with labels also of whether it
        is of that class."""
        return cast(Tensor, self.discriminator(x, labels))

    def forward(self, z: Tensor) -> Tensor:
        return self.generate(z)
