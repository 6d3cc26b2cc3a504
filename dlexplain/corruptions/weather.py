"""Weather between the camera and what it looks at."""

from typing import NamedTuple

import numpy as np

from dlexplain.corruptions.base import Corruption, Pixels, register
from dlexplain.corruptions.filters import dragged, zoomed
from dlexplain.corruptions.textures import frost, plasma

GREY = np.array([0.299, 0.587, 0.114])
"""What red, green and blue weigh in the light that is seen, ITU-R BT.601."""


class Fall(NamedTuple):
    """Snow: mean and deviation of the noise that flakes are made of, how much it is enlarged, the
    value below which there is none, radius and deviation in pixels of the motion of flakes, and
    the share of the picture's own colours"""

    mean: float
    deviation: float
    zoom: float
    least: float
    radius: int
    drag: float
    own: float


@register
class Snow(Corruption[Fall]):
    """It snows: flakes fall across a picture that is paler than before.

    Formula: c x + (1 - c) max(x, 1.5 g + 0.5) + f + R(f), g the grey of x and R a half turn. Flakes
    f: noise from N(mean, deviation), enlarged, 0 below a least value, cut to 0 to 1 and smeared
    downwards at an angle from U(-135°, -45°). The constants are (mean, deviation, enlargement,
    least, radius and deviation of the motion in pixels, c).
    """

    name = "snow"
    title = "Snow"
    family = "weather"
    draws = True
    imagenet = (
        Fall(0.1, 0.3, 3, 0.5, 10, 4, 0.8), Fall(0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        Fall(0.55, 0.3, 4, 0.9, 12, 8, 0.7), Fall(0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        Fall(0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    )  # fmt: skip
    cifar = (
        Fall(0.1, 0.2, 1, 0.6, 8, 3, 0.95), Fall(0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        Fall(0.15, 0.3, 1.75, 0.55, 10, 4, 0.9), Fall(0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        Fall(0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    )  # fmt: skip

    def changed(self, pixels: Pixels, strength: Fall, draw: np.random.Generator) -> Pixels:
        noise = draw.normal(strength.mean, strength.deviation, pixels.shape[:2])
        flakes = zoomed(noise, strength.zoom)
        flakes = np.where(flakes < strength.least, 0.0, flakes).clip(0, 1)
        flakes = dragged(flakes, strength.radius, strength.drag, draw.uniform(-135, -45))
        grey = (pixels @ GREY)[:, :, None]
        pale = np.maximum(pixels, 1.5 * grey + 0.5)
        snow = (flakes + np.rot90(flakes, 2))[:, :, None]
        changed: Pixels = strength.own * pixels + (1 - strength.own) * pale + snow
        return changed


class Mix(NamedTuple):
    """shares of the picture and of the ice, which need not add up to 1"""

    picture: float
    ice: float


@register
class Frost(Corruption[Mix]):
    """Ice on the window: crystals and a cloudy film lie over the picture.

    Formula: a x + b i; the constants are (a, b). The published i is a part of one of five
    photographs of frozen windows, which are not here: this one is drawn from the seed, stars of ice
    over plasma, a little blue. So it looks like frost, but scores on it are not those of
    ImageNet-C's frost.
    """

    name = "frost"
    title = "Frost"
    family = "weather"
    draws = True
    imagenet = (Mix(1, 0.4), Mix(0.8, 0.6), Mix(0.7, 0.7), Mix(0.65, 0.7), Mix(0.6, 0.75))
    cifar = (Mix(1, 0.2), Mix(1, 0.3), Mix(0.9, 0.4), Mix(0.85, 0.4), Mix(0.75, 0.45))

    def changed(self, pixels: Pixels, strength: Mix, draw: np.random.Generator) -> Pixels:
        height, width, _colours = pixels.shape
        return strength.picture * pixels + strength.ice * frost((height, width), draw)


class Bank(NamedTuple):
    """thickness of the fog, in shares of white; how fast its detail fades, round by round"""

    thickness: float
    decay: float


@register
class Fog(Corruption[Bank]):
    """Fog, thicker here and thinner there, and the picture darker, as a camera would expose it.

    Formula: (x + c p) m / (m + c), m the largest value of x, p a plasma from 0 to 1 by the
    diamond-square algorithm whose detail fades by d² a round. The constants are (c, d).
    """

    name = "fog"
    title = "Fog"
    family = "weather"
    draws = True
    imagenet = (Bank(1.5, 2), Bank(2, 2), Bank(2.5, 1.7), Bank(2.5, 1.5), Bank(3, 1.4))
    cifar = (Bank(0.2, 3), Bank(0.5, 3), Bank(0.75, 2.5), Bank(1, 2), Bank(1.5, 1.75))

    def changed(self, pixels: Pixels, strength: Bank, draw: np.random.Generator) -> Pixels:
        height, width, _colours = pixels.shape
        thickness, decay = strength
        most = float(pixels.max())
        fog = thickness * plasma((height, width), decay, draw)[:, :, None]
        return (pixels + fog) * most / (most + thickness)


@register
class Brightness(Corruption[float]):
    """Too much light: the value of each pixel rises, its hue and saturation stay.

    Formula: x min(v + c, 1) / v, v the largest of a pixel's three colours, which is the value of
    HSV; black becomes the grey c.
    """

    name = "brightness"
    title = "Brightness"
    family = "weather"
    draws = False
    imagenet = (0.1, 0.2, 0.3, 0.4, 0.5)
    cifar = (0.05, 0.1, 0.15, 0.2, 0.3)

    def changed(self, pixels: Pixels, strength: float, draw: np.random.Generator) -> Pixels:
        value: Pixels = pixels.max(axis=2, keepdims=True)
        brighter = np.minimum(value + strength, 1.0)
        black = value == 0
        times = brighter / np.where(black, 1.0, value)
        return np.where(black, brighter, pixels * times)
