"""Maps at the picture's own size: values between, lines of equal values, palettes, print."""

import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dlexplain.figures.coloured_text import coloured_text
from dlexplain.figures.contours import contour_lines, levels
from dlexplain.figures.map_print import printed_map
from dlexplain.figures.overlay import overlay, page_image, upsampled
from dlexplain.figures.scales import PALETTES, STANDARD, Palette, Scale
from dlexplain.results import Attribution, TextAttribution
from dlexplain.results.explanations import ClassName

CONE = 100


def cone() -> NDArray[np.float32]:
    """100 less the distance from the middle, 101 by 101."""
    y, x = np.mgrid[: CONE + 1, : CONE + 1]
    return (CONE - np.hypot(x - 50, y - 50)).astype(np.float32)


def test_values_between_are_smooth_and_a_ramp_stays_a_ramp() -> None:
    ramp = np.tile(np.arange(8, dtype=np.float32), (8, 1))
    found = upsampled(ramp, (32, 32))
    # A pixel's middle is at (i + 0.5) / 4 - 0.5 of the small one; the ends are flat.
    inside = slice(8, 24)
    wanted = (np.arange(32)[inside] + 0.5) / 4 - 0.5
    np.testing.assert_allclose(found[16, inside], wanted, atol=1e-4)
    assert np.allclose(upsampled(np.full((4, 4), 3.0, np.float32), (64, 64)), 3, atol=1e-5)


def test_raw_values_stay_rectangles() -> None:
    values = np.array([[1, 2], [3, 4]], np.float32)
    found = upsampled(values, (4, 4), smooth=False)
    assert found.tolist() == values.repeat(2, 0).repeat(2, 1).tolist()


def test_what_is_missing_stays_missing() -> None:
    values = np.array([[1, np.nan], [1, 1]], np.float32)
    found = upsampled(values, (4, 4), smooth=True)
    assert np.isnan(found[:2, 2:]).all() and np.isfinite(found[2:]).all()


def test_a_cones_line_is_a_circle() -> None:
    (line,) = contour_lines(cone(), 70)
    radii = np.hypot(line[:, 0] - 50, line[:, 1] - 50)
    np.testing.assert_allclose(radii, 30, atol=0.02)
    assert np.allclose(line[0], line[-1])


def test_lines_stand_at_quarters_of_the_scale() -> None:
    signed = Scale(True, -8, 8, 0, 8)
    assert [value for value, _ in levels(signed)] == [-2, -4, -6, 2, 4, 6]
    unsigned = Scale(False, 2, 10, 2, 10)
    assert [value for value, _ in levels(unsigned)] == [4, 6, 8]


def test_lines_are_drawn_where_they_are() -> None:
    grey = np.full((101, 101, 3), 128, np.uint8)
    with_lines, scale = overlay(grey, cone(), False, side=404, smooth=False, contours=True)
    plain, _ = overlay(grey, cone(), False, 0.8 * 0.45, side=404, smooth=False)
    differ = np.abs(with_lines.astype(int) - plain).sum(-1) > 30
    y, x = np.argwhere(differ).T
    radii = np.hypot((x + 0.5) / 4 - 50.5, (y + 0.5) / 4 - 50.5)
    circles = [CONE - value for value, _ in levels(scale)]
    assert np.min(np.abs(radii[:, None] - circles), axis=1).max() < 1.6
    for circle in circles:
        assert (np.abs(radii - circle) < 1).sum() > 2 * circle


def luminance(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of sRGB 0..255, as WCAG has it."""
    parts = colours / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    found: NDArray[np.float64] = linear @ np.array([0.2126, 0.7152, 0.0722])
    return found


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda one: one.name)
def test_palettes(palette: Palette) -> None:
    signed = Scale(True, -2, 2, 0, 2, palette)
    values = np.array([[-2, -1, 0, 1, 2]], np.float32)
    more, less = rgb(palette.more), rgb(palette.less)
    assert tuple(signed.colour(values)[0, -1]) == more
    assert tuple(signed.colour(values)[0, 0]) == less
    assert signed.opacity(values)[0].tolist() == [1, 0.5, 0, 0.5, 1]
    unsigned = Scale(False, 0, 1, 0, 1, palette)
    light = luminance(unsigned.colour(np.linspace(0, 1, 64, dtype=np.float32)[None])[0])
    assert (np.diff(light) > -1e-3).all() and light[-1] - light[0] > 0.5
    stops = palette.stops(5)
    assert [place for place, _ in stops] == [0, 0.25, 0.5, 0.75, 1]
    assert stops[2][1].endswith(",0)") and stops[4][1].endswith(",1)")
    for seen in (DEUTERANOPIA, PROTANOPIA):
        apart = np.linalg.norm(seen @ np.array(more) - seen @ np.array(less))
        assert apart > 60


DEUTERANOPIA = np.array([[0.625, 0.375, 0], [0.7, 0.3, 0], [0, 0.3, 0.7]])
PROTANOPIA = np.array([[0.567, 0.433, 0], [0.558, 0.442, 0], [0, 0.242, 0.758]])
"""How red, green and blue look without one kind of cone, as a linear map of them."""


def test_a_map_without_a_picture_lets_the_page_through() -> None:
    values = np.zeros((100, 100), np.float32)
    values[40:60, 40:60] = 1
    content, _ = page_image(None, values, True, 1.0, smooth=False)
    alpha = np.asarray(Image.open(io.BytesIO(content)))[..., 3]
    assert alpha[0, 0] == 0 and alpha[alpha.shape[0] // 2, alpha.shape[1] // 2] == 255


def test_texts_take_the_palette() -> None:
    orange = PALETTES["orange-blue"]
    given = TextAttribution(
        "lime", "LIME", {}, np.array([1.0, -1.0], np.float32), True, 1.0, 8, text="good bad",
        tokens=("good", "bad"), offsets=np.array([[0, 4], [5, 8]]),
    )  # fmt: skip
    assert "213,94,0" in coloured_text(given, palette=orange)
    assert "213,94,0" not in coloured_text(given)


def attribution() -> Attribution:
    mask = np.zeros((101, 101), bool)
    mask[20:60, 20:60] = True
    return Attribution(
        "rise", {"samples": 8}, (cone() - 60)[None], True, 1.0, 8, unit="logits", model="A model",
        title="RISE", target=ClassName(1, "n1", "a <dog> & co"),
        picture=np.full((101, 101, 3), 90, np.uint8), mask=mask,
    )  # fmt: skip


def test_a_printed_map_has_layers_lines_and_words() -> None:
    svg = ET.fromstring(printed_map(attribution(), "svg", contours=True))
    gids = [one.get("id", "") for one in svg.iter()]
    images = [one for one in svg.iter() if one.tag.endswith("}image")]
    assert len(images) == 4  # the picture twice, the map, the scale
    assert sum(one.startswith("contour-") for one in gids) >= 6
    assert any(one.startswith("outline") for one in gids)
    (told,) = [one.text or "" for one in svg.iter() if one.tag.endswith("}desc")]
    for words in ("RISE: a <dog> & co", "A model, rise (samples=8)", "logits"):
        assert words in told
    assert float(svg.attrib["width"].removesuffix("pt")) == pytest.approx(180 / 25.4 * 72)
    without = ET.fromstring(printed_map(attribution(), "svg"))
    assert not any(one.get("id", "").startswith("contour") for one in without.iter())


def test_a_printed_map_as_pdf_and_png() -> None:
    assert printed_map(attribution(), "pdf", palette=STANDARD).startswith(b"%PDF")
    image = Image.open(io.BytesIO(printed_map(attribution(), "png")))
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.02)
    assert np.asarray(image)[-1, 0, 3] == 0
