"""Letters on every colour of ours have 4.5:1, outlines 3:1, on light and on dark pages."""

import tomllib
from pathlib import Path

import pytest

from dlexplain.figures import coloured_text, gallery, labelled_text
from dlexplain.figures.scales import LINES
from dlexplain.ui import look
from dlexplain.ui.layers import numbers
from dlexplain.ui.writing import text as writing
from tests.contrast import Colour, contrast, css, hexadecimal, over

THEME = tomllib.loads((Path(__file__).parents[1] / ".streamlit/config.toml").read_text())["theme"]
LETTERS, OUTLINE = 4.5, 3.0
PAGES = ("light", "dark")


def themed(page: str, name: str) -> Colour:
    return hexadecimal(THEME[page][name])


def test_the_formula_gives_what_wcag_gives() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((255, 255, 255), (255, 255, 255)) == pytest.approx(1)
    # #767676 is the lightest grey with 4.5:1 on white, as every checker tells.
    assert contrast(hexadecimal("#767676"), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)
    assert over((255, 0, 0), 0.5, (0, 0, 255)) == (127.5, 0, 127.5)
    assert css("rgba(1, 2, 3, 0.5)") == ((1, 2, 3), 0.5)
    assert css("rgb(1, 2, 3)") == ((1, 2, 3), 1)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("back", ["backgroundColor", "secondaryBackgroundColor"])
def test_letters_of_the_theme_can_be_read(page: str, back: str) -> None:
    for name in ("textColor", "linkColor"):
        assert contrast(themed(page, name), themed(page, back)) >= LETTERS, name
    place = PAGES.index(page)
    for pair in (look.ACCENT, look.QUIET, look.KEYWORDS, look.STRINGS, look.NUMBERS):
        assert contrast(hexadecimal(pair[place]), themed(page, back)) >= LETTERS, pair


@pytest.mark.parametrize("page", PAGES)
def test_white_letters_on_the_theme_and_what_is_chosen_can_be_read(page: str) -> None:
    primary, back = themed(page, "primaryColor"), themed(page, "backgroundColor")
    assert contrast(primary, (255, 255, 255)) >= LETTERS
    chosen = over(primary, 0.1, back)  # Streamlit's ground of a chosen segment
    accent = hexadecimal(look.ACCENT[PAGES.index(page)])
    assert contrast(accent, chosen) >= LETTERS
    assert contrast(accent, back) >= OUTLINE  # the focus


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("colour", "opacity"),
    [
        *((c, coloured_text.STRONGEST) for c in (coloured_text.FOR, coloured_text.AGAINST)),
        (coloured_text.SHARE, coloured_text.STRONGEST),
        *((c, labelled_text.STRENGTH) for c in LINES),
    ],
)
def test_words_on_their_colours_can_be_read(page: str, colour: str, opacity: float) -> None:
    back = over(hexadecimal(colour), opacity, themed(page, "backgroundColor"))
    assert contrast(themed(page, "textColor"), back) >= LETTERS


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("rgb", "opacity"),
    [
        *((c, writing.STRONGEST) for c in (writing.UNLIKELY, writing.FOR, writing.AGAINST)),
        *((c, numbers.STRONGEST) for c in (numbers.FOR, numbers.AGAINST)),
    ],
)
def test_tokens_and_numbers_on_their_colours_can_be_read(
    page: str, rgb: str, opacity: float
) -> None:
    back = over(css(rgb)[0], opacity, themed(page, "backgroundColor"))
    assert contrast(themed(page, "textColor"), back) >= LETTERS


def test_letters_of_drawings_can_be_read() -> None:
    for page, colour in zip(PAGES, gallery.LETTERS, strict=True):
        back = themed(page, "backgroundColor")
        assert contrast(hexadecimal(colour), back) >= LETTERS
        faint = over(hexadecimal(colour), 0.75, back)
        assert contrast(faint, back) >= OUTLINE
