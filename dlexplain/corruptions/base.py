"""What a corruption of a picture is, and the register of them.

A corruption makes a picture worse as cameras, weather and storage do, at five severities
(Hendrycks and Dietterich 2019, https://arxiv.org/abs/1903.12261). It is one class: facts and
constants as class attributes, a docstring that the page shows, and `changed`, the formula.

The constants are the published ones, of the authors' make_imagenet_c.py and make_cifar_c.py
(https://github.com/hendrycks/robustness). They were chosen for pictures of 224 and of 32 pixels:
here those of ImageNet-C hold where the short side is 64 or more, those of CIFAR-10-C below.
"""

import inspect
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import ParamError, PictureError
from dlexplain.registry import Registry

C = TypeVar("C")
Family = Literal["noise", "blur", "weather", "digital"]
FAMILIES: tuple[Family, ...] = ("noise", "blur", "weather", "digital")
Picture = NDArray[np.uint8]
"""(height, width, 3), red, green, blue."""
Pixels = NDArray[np.float64]
"""A picture's values from 0 to 1."""
SEVERITIES = (1, 2, 3, 4, 5)
IMAGENET_SIDE = 64
"""From this short side on, in pixels, the constants are those of ImageNet-C."""
LEAST_SIDE = 8


class Corruption(ABC, Generic[C]):
    """Base of all corruptions.

    draws     whether anything of it is drawn at random, so that the seed matters
    imagenet  its constants by severity for pictures whose short side is 64 pixels or more
    cifar     those for smaller pictures
    """

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[Family]
    draws: ClassVar[bool]
    paper: ClassVar[str] = "Hendrycks, Dietterich 2019, https://arxiv.org/abs/1903.12261"
    imagenet: tuple[C, C, C, C, C]
    cifar: tuple[C, C, C, C, C]

    @classmethod
    def description(cls) -> str:
        """The docstring, which is what the user reads."""
        return inspect.getdoc(cls) or ""

    def strength(self, picture: Picture, severity: int) -> C:
        """The constants for a picture of that size at a severity, 1 to 5."""
        small = min(picture.shape[:2]) < IMAGENET_SIDE
        return (self.cifar if small else self.imagenet)[severity - 1]

    def apply(self, picture: Picture, severity: int, seed: int = 0) -> Picture:
        """A corrupted copy of a (height, width, 3) uint8 picture, of the same shape and type.

        The same seed draws the same at every severity. Values are rounded to the nearest (the
        authors cut them off), so a blur does not darken. Raises PictureError or ParamError.
        """
        check(picture, severity, seed)
        draw = np.random.default_rng(seed)
        changed = self.changed(picture / 255.0, self.strength(picture, severity), draw)
        return np.rint(np.clip(changed, 0.0, 1.0) * 255.0).astype(np.uint8)

    @abstractmethod
    def changed(self, pixels: Pixels, strength: C, draw: np.random.Generator) -> Pixels:
        """The formula: new values, which may leave 0 to 1, where they are cut; `pixels` stay."""


CORRUPTIONS: Registry[Corruption[Any]] = Registry("corruption")


def register(corruption: type[Corruption[Any]]) -> type[Corruption[Any]]:
    """Class decorator: makes the corruption known under its `name`."""
    CORRUPTIONS.add(corruption.name, corruption())
    return corruption


def corrupt(picture: Picture, name: str, severity: int, seed: int = 0) -> Picture:
    """`picture`, corrupted: see `Corruption.apply`; raises UnknownName too."""
    return CORRUPTIONS[name].apply(picture, severity, seed)


def check(picture: Picture, severity: int, seed: int) -> None:
    """Raise PictureError or ParamError where they cannot be used."""
    if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8:
        given = picture.dtype if isinstance(picture, np.ndarray) else type(picture).__name__
        raise PictureError(f"the picture's values are {given}; an array of uint8 is accepted")
    if picture.ndim != 3 or picture.shape[2] != 3 or min(picture.shape[:2]) < LEAST_SIDE:
        raise PictureError(
            f"the picture's shape is {picture.shape}; (height, width, 3) is accepted, each side "
            f"{LEAST_SIDE} or more"
        )
    if not _is_whole(severity) or severity not in SEVERITIES:
        raise ParamError(f"severity is {severity!r}; a whole number from 1 to 5 is accepted")
    if not _is_whole(seed) or seed < 0:
        raise ParamError(f"seed is {seed!r}; a whole number from 0 is accepted")


def _is_whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
