"""What a classifier says without what a map marks most."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Without:
    """The class with all of the input, without its most marked parts, and without random ones.

    method    title of what made the map
    label, probability  of the class with all of the input
    share     of the parts that were taken away;  words  those of a text, the most
              marked first, () of a picture
    other, other_probability  what is said without them
    kept      of the `draws` in which random parts, as many and as close together, were taken away
              in their place: in how many the class stayed
    """

    method: str
    label: str
    probability: float
    share: float
    words: tuple[str, ...]
    other: str
    other_probability: float
    kept: int
    draws: int

    @property
    def flips(self) -> bool:
        return self.other != self.label
