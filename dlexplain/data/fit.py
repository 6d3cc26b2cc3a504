"""How a picture of any proportions is made into a model's square."""

from dataclasses import dataclass

from dlexplain.errors import ParamError

WAYS = ("crop", "pad", "squash")
ACCEPTED = "crop, crop:X,Y with X and Y from 0 to 1, pad and squash are accepted"


@dataclass(frozen=True)
class Fit:
    """One way of WAYS, and where a crop lies.

    how   crop: a square is cut out, the rest is not seen, as models are trained; pad: all of the
          picture, bars of the model's mean colour at two sides; squash: all of it, its proportions
          given up
    x, y  of a crop: 0 takes it from the left (top), 1 from the right (bottom), 0.5 from the middle

    As a text: "crop", "crop:0.25,0.5", "pad", "squash". Raises ParamError.
    """

    how: str = "crop"
    x: float = 0.5
    y: float = 0.5

    def __post_init__(self) -> None:
        inside = 0 <= self.x <= 1 and 0 <= self.y <= 1
        moved = (self.x, self.y) != (0.5, 0.5)
        if self.how not in WAYS or not inside or (moved and self.how != "crop"):
            raise ParamError(f'fit is "{self}"; {ACCEPTED}')

    def __str__(self) -> str:
        moved = (self.x, self.y) != (0.5, 0.5)
        return f"{self.how}:{self.x:g},{self.y:g}" if moved else self.how


MIDDLE = Fit()
"""The square in the middle, as models are trained."""


def read_fit(text: "Fit | str") -> Fit:
    """A Fit from its text; raises ParamError."""
    if isinstance(text, Fit):
        return text
    how, colon, place = text.partition(":")
    if not colon:
        return Fit(how)
    try:
        x, y = (float(part) for part in place.split(","))
    except ValueError:
        raise ParamError(f'fit is "{text}"; {ACCEPTED}') from None
    return Fit(how, x, y)
