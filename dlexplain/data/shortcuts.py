"""Shortcuts: marks that are planted in training examples and foretell what is asked.

A model that has learnt one is right for a wrong reason, and where its evidence lies is certain: in
the mark. So a shortcut shows what an explanation must point at. Geirhos et al. 2020,
https://arxiv.org/abs/2004.07780, name them; Yang and Kim 2019, https://arxiv.org/abs/1907.09701,
Bastings et al. 2022, https://arxiv.org/abs/2111.07367, and Adebayo et al. 2022,
https://openreview.net/forum?id=xNOVfCCvDpM, judge explanations by planted ones.

Here is what a shortcut is, and how one example gets it, each time with the places that it took;
data.planting plants whole training parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import DataError
from dlexplain.params import choice, from_digits, number, text

NONE = "none"
KINDS: Mapping[str, tuple[str, ...]] = {
    "classify-image": ("mark", "colour"),
    "classify-text": ("word",),
    "forecast": ("spike",),
}
"""By task: what can be planted."""
USED: Mapping[str, tuple[str, ...]] = {
    "mark": ("marked", "marked_share", "corner", "mark_size", "mark_colour"),
    "colour": ("marked", "marked_share", "mark_colour", "tint"),
    "word": ("marked", "marked_share", "word"),
    "spike": ("marked", "marked_share", "spike_back", "spike_height"),
}
"""By kind: the parameters that count."""
COLOURS: Mapping[str, tuple[int, int, int]] = {
    "magenta": (255, 0, 255),
    "yellow": (255, 255, 0),
    "cyan": (0, 255, 255),
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "white": (255, 255, 255),
    "black": (0, 0, 0),
}
LUMINANCE = (0.299, 0.587, 0.114)
"""Of red, green and blue, ITU-R BT.601, as Pillow takes a colour to grey."""
CORNERS = ("bottom right", "bottom left", "top right", "top left")
PART_OF_SIDE = 6
"""The square's side is a sixth of the picture's where none is given."""
LEAST_SIDE = 2
HIGHEST = 5.0
"""Of a spike: data.series.LARGEST_INPUT, to which a model's inputs are cut."""


@dataclass(frozen=True)
class Shortcut:
    """What is planted, where, and in which training examples."""

    kind: str = choice(
        NONE,
        "Planted",
        (NONE, "mark", "colour", "word", "spike"),
        help="In training examples: a square in a corner of pictures, or their tint; a word in "
        "texts; a spike in one of the series.",
    )
    marked: str = text(
        "",
        "Marked",
        help="The class whose examples are marked, by name or number; of series the one that has "
        "the spike. Empty takes the first class, and the last series.",
    )
    marked_share: float = number(
        0.95, "Share marked", low=0.05, high=1.0, step=0.05,
        help="Of the class's training examples; of series, of all training windows.",
    )  # fmt: skip
    corner: str = choice("bottom right", "Corner", CORNERS, help="Of the square.")
    mark_size: int = number(
        0, "Square, pixels", low=0, high=128, help="Its side; 0 takes a sixth of the picture's."
    )
    mark_colour: str = choice(
        "magenta", "Colour", tuple(COLOURS), help="Of the square, or of the tint."
    )
    tint: float = number(
        0.3, "Tint", low=0.05, high=1.0, step=0.05, help="How much of each pixel is the colour."
    )
    word: str = text("zephyr", "Word", help="A rare one, put between two words of the text.")
    spike_back: int = number(
        4, "Spike, periods back", low=1, high=500,
        help="1 is the last period that the model sees.",
    )  # fmt: skip
    spike_height: float = number(
        4.0, "Spike's height", low=0.5, high=HIGHEST, step=0.5,
        help="In standard deviations of the series, up where the first series that is forecast "
        "will end above its usual change, down where below.",
    )  # fmt: skip

    @property
    def planted(self) -> bool:
        return self.kind != NONE

    @property
    def words(self) -> str:
        """What is planted, such as "a magenta square"."""
        return {
            "mark": f"a {self.mark_colour} square in the {self.corner} corner",
            "colour": f"a {self.mark_colour} tint",
            "word": f'the word "{self.word}"',
            "spike": "a spike",
        }.get(self.kind, "nothing")


NOTHING_PLANTED = Shortcut()


def mark_pictures(
    pixels: NDArray[np.uint8], shortcut: Shortcut
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """(n, height, width, channels) with the mark on each; (height, width) True where it is.

    mark    the square has its colour
    colour  every pixel x becomes (1 - tint) x + tint colour, so the mark is everywhere
    Of grey pictures the colour's luminance is taken. Raises DataError for a square that is not
    smaller than the picture.
    """
    height, width, channels = pixels.shape[1:]
    colour = np.array(COLOURS[shortcut.mark_colour], np.float64)
    paint = colour if channels == 3 else np.full(channels, np.round(colour @ LUMINANCE))
    mask = np.zeros((height, width), np.bool_)
    found = pixels.copy()
    if shortcut.kind == "colour":
        mask[:] = True
        blended = (1 - shortcut.tint) * pixels + shortcut.tint * paint
        return np.round(blended).astype(np.uint8), mask
    side = shortcut.mark_size or max(LEAST_SIDE, min(height, width) // PART_OF_SIDE)
    if side >= min(height, width):
        raise DataError(
            f"mark_size is {side}, but the pictures are {width} × {height} pixels; "
            f"1 to {min(height, width) - 1} is accepted"
        )
    down, across = shortcut.corner.split()
    rows = slice(0, side) if down == "top" else slice(height - side, height)
    columns = slice(0, side) if across == "left" else slice(width - side, width)
    mask[rows, columns] = True
    found[:, mask] = paint.astype(np.uint8)
    return found, mask


def mark_text(
    given: str, shortcut: Shortcut, generator: np.random.Generator
) -> tuple[str, tuple[int, int]]:
    """The text with the word between two of its words, before the first or behind the last; and
    the word's first letter and the one behind its last. All else stays, letter by letter."""
    word = shortcut.word
    letters = np.array([not letter.isspace() for letter in given], bool)
    starts = np.flatnonzero(letters & ~np.r_[False, letters[:-1]])
    place = int(generator.integers(len(starts) + 1))
    if place < len(starts):
        at = int(starts[place])
        return f"{given[:at]}{word} {given[at:]}", (at, at + len(word))
    gap = " " if given and letters[-1] else ""
    at = len(given) + len(gap)
    return f"{given}{gap}{word}", (at, at + len(word))


def mark_windows(
    windows: NDArray[np.float64], ups: NDArray[np.bool_], series: int, shortcut: Shortcut
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(n, window, series) scaled inputs with a spike each, up where `ups` (n,) says so, else down;
    (window, series) True where it is.

    Raises DataError where the spike would stand before the window.
    """
    window = windows.shape[1]
    if shortcut.spike_back > window:
        raise DataError(
            f"spike_back is {shortcut.spike_back}, but the model sees {window} periods; "
            f"1 to {window} is accepted"
        )
    mask = np.zeros(windows.shape[1:], np.bool_)
    mask[window - shortcut.spike_back, series] = True
    found = windows.copy()
    found[:, mask] = np.where(ups, shortcut.spike_height, -shortcut.spike_height)[:, None]
    return found, mask


def find_marked(names: tuple[str, ...], shortcut: Shortcut) -> int:
    """The place of the marked class or series among all names; raises DataError."""
    wanted, of_series = shortcut.marked.strip(), shortcut.kind == "spike"
    if not wanted:
        return len(names) - 1 if of_series else 0
    if wanted in names:
        return names.index(wanted)
    if 0 <= from_digits(wanted) < len(names):
        return int(wanted)
    known = ", ".join(names[:10]) + (" and so on" if len(names) > 10 else "")
    what = "series" if of_series else "class"
    raise DataError(
        f'there is no {what} "{wanted}" to be marked; {known} or 0 to {len(names) - 1} are accepted'
    )


def problems_of(kind: str, word: str, task: str) -> list[str]:
    """Why a task cannot be trained with such a shortcut, in sentences; [] where it can."""
    kinds = KINDS.get(task, ())
    if kind not in kinds:
        known = ", ".join((NONE, *kinds))
        return [f'shortcut: kind is "{kind}", but the task {task} takes {known}']
    if kind == "word" and (not word or any(letter.isspace() for letter in word)):
        return [f'shortcut: word is "{word}"; it takes one word without blanks']
    return []
