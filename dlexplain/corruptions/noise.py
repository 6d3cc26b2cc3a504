"""Noise of sensors: what is drawn for every value of the picture anew."""

import numpy as np

from dlexplain.corruptions.base import Corruption, Pixels, register


@register
class GaussianNoise(Corruption[float]):
    """What a sensor adds in low light: each value x gets a draw of its own from a bell curve.

    Formula: x + c z, z ~ N(0, 1); x and the deviation c in shares of white.
    """

    name = "gaussian-noise"
    title = "Gaussian noise"
    family = "noise"
    draws = True
    imagenet = (0.08, 0.12, 0.18, 0.26, 0.38)
    cifar = (0.04, 0.06, 0.08, 0.09, 0.10)

    def changed(self, pixels: Pixels, strength: float, draw: np.random.Generator) -> Pixels:
        return pixels + strength * draw.standard_normal(pixels.shape)


@register
class ShotNoise(Corruption[float]):
    """Light comes in grains: each value x is counted again with few photons.

    Formula: n / c, n ~ Poisson(c x); c photons are white, so fewer are more noise. The mean stays
    x, the variance is x / c: bright places are noisier, black stays black.
    """

    name = "shot-noise"
    title = "Shot noise"
    family = "noise"
    draws = True
    imagenet = (60.0, 25.0, 12.0, 5.0, 3.0)
    cifar = (500.0, 250.0, 100.0, 75.0, 50.0)

    def changed(self, pixels: Pixels, strength: float, draw: np.random.Generator) -> Pixels:
        return draw.poisson(pixels * strength) / strength


@register
class ImpulseNoise(Corruption[float]):
    """Salt and pepper, as bit errors make it: a share of all values is lost to black or white.

    Formula: 0 where u < c / 2, 1 where u ≥ 1 - c / 2, else x; u ~ U(0, 1) for every value of every
    colour, c the share that is lost.
    """

    name = "impulse-noise"
    title = "Impulse noise"
    family = "noise"
    draws = True
    imagenet = (0.03, 0.06, 0.09, 0.17, 0.27)
    cifar = (0.01, 0.02, 0.03, 0.05, 0.07)

    def changed(self, pixels: Pixels, strength: float, draw: np.random.Generator) -> Pixels:
        drawn = draw.random(pixels.shape)
        kept = np.where(drawn < strength / 2, 0.0, pixels)
        return np.where(drawn >= 1 - strength / 2, 1.0, kept)
