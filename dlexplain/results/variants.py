"""Training examples beside variants of them, as a run would see them in its first epochs."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PictureVariants:
    """count examples, `each` variants of each.

    originals  (count, side, side, channels) uint8
    labels     (count,) names of their classes
    variants   (count, each, side, side, channels) uint8
    said       (count, each) what a variant is learned as, such as "cat" or "cat 70%, dog 30%"
    made       (made, side, side, channels) uint8 pictures that a model generated, and made_labels
    note       on these, "" where there are none
    """

    originals: NDArray[np.uint8] = field(repr=False)
    labels: tuple[str, ...]
    variants: NDArray[np.uint8] = field(repr=False)
    said: tuple[tuple[str, ...], ...]
    made: NDArray[np.uint8] = field(repr=False)
    made_labels: tuple[str, ...] = ()
    note: str = ""

    @property
    def changed(self) -> bool:
        """Whether any variant differs from its original."""
        return bool((self.variants != self.originals[:, None]).any())


@dataclass(frozen=True)
class VariedWord:
    """mark  "" for a word that is where it was, else "moved" or "dropped";  gap  blanks before"""

    gap: str
    text: str
    mark: str


@dataclass(frozen=True)
class TextVariants:
    """originals, labels  (count,);  variants  (count, each), words in their order"""

    originals: tuple[str, ...]
    labels: tuple[str, ...]
    variants: tuple[tuple[tuple[VariedWord, ...], ...], ...]

    @property
    def changed(self) -> bool:
        return any(word.mark for text in self.variants for one in text for word in one)


@dataclass(frozen=True, eq=False)
class SeriesVariants:
    """Windows of one series, in its deviations from its mean.

    originals  (count, window);  variants  (count, each, window);  origins  (count,) dates of the
    last period seen
    """

    name: str
    originals: NDArray[np.float64] = field(repr=False)
    variants: NDArray[np.float64] = field(repr=False)
    origins: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return bool((self.variants != self.originals[:, None]).any())


Variants = PictureVariants | TextVariants | SeriesVariants
