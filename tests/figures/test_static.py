"""Figures for print: their files, numbers, dates, letters, and what is refused."""

import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from PIL import Image

from dlexplain.errors import BadInput
from dlexplain.figures.printing import texts
from dlexplain.figures.printing.axis import Axis, kind_of
from dlexplain.figures.printing.bars import Bars, arrange
from dlexplain.figures.printing.numbers import formatted, in_full
from dlexplain.figures.printing.strokes import stepped
from dlexplain.figures.printing.ticks import ticks_of
from dlexplain.figures.static import PrintWarning, printed, unprintable

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def print_all() -> None:
    """Printed here as each test wants it."""


def bars(name: str = "first") -> go.Figure:
    layout = {
        "height": 200,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "xaxis": {"title": {"text": "$ & <b>share</b>"}},
    }
    return go.Figure({"type": "bar", "x": [name, "b"], "y": [1, 3]}, layout)


def test_svg_has_its_size_and_its_words() -> None:
    content = printed(bars(), "svg", 90, title="A <title>")
    root = ET.fromstring(content)
    assert root.tag == f"{SVG}svg"
    wide, high = (float(root.attrib[side].removesuffix("pt")) for side in ("width", "height"))
    assert wide == pytest.approx(90 / 25.4 * 72)
    assert high == pytest.approx(200 / 96 * 72)
    told = root.find(f"{SVG}desc")
    title = root.find(f"{SVG}title")
    assert told is not None and title is not None
    assert title.text == "A <title>"
    assert {"first", "b", "$ & share"} <= set((told.text or "").split(" | "))
    assert not list(root.iter(f"{SVG}text"))  # outlines: no font is asked for


def test_the_same_figure_gives_the_same_file() -> None:
    for kind in ("svg", "pdf", "png"):
        assert printed(bars(), kind) == printed(bars(), kind)  # type: ignore[arg-type]


def test_pdf_has_its_size_and_embedded_letters() -> None:
    content = printed(bars(), "pdf", 90)
    assert content.startswith(b"%PDF")
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", content)
    assert box is not None
    assert float(box[1]) == pytest.approx(90 / 25.4 * 72, abs=0.01)
    assert float(box[2]) == pytest.approx(150)
    assert b"/FontFile2" in content  # TrueType, whole in the file


def test_png_has_300_dots_an_inch_and_a_clear_ground() -> None:
    image = Image.open(io.BytesIO(printed(bars(), "png", 127)))
    assert image.size == (1500, round(200 / 96 * 300))
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.02)
    assert image.mode == "RGBA"
    alpha = np.asarray(image)[..., 3]
    assert alpha[0, 0] == 0 and alpha.max() == 255


def test_bars_have_their_colours_and_lengths() -> None:
    figure = go.Figure(
        {"type": "bar", "x": ["a", "b"], "y": [1, 2], "marker": {"color": "#ff0000"}},
        {"height": 300, "xaxis": {"visible": False}, "yaxis": {"visible": False, "range": [0, 2]}},
    )
    pixels = np.asarray(Image.open(io.BytesIO(printed(figure, "png", 127))))
    red = (pixels[..., 0] > 250) & (pixels[..., 1] < 5) & (pixels[..., 3] > 250)
    heights = red.sum(axis=0)
    tall, short = heights[heights > 0].max(), np.unique(heights[heights > 20])[0]
    assert short == pytest.approx(tall / 2, abs=2)


@pytest.mark.parametrize(
    ("value", "pattern", "text"),
    [
        (0.125, ".0%", "12%"), (0.5, ".1%", "50.0%"), (1234.5, ",d", "1,234"), (0.25, "~g", "0.25"),
        (1500, ".2~s", "1.5k"), (-0.002, ".2~s", "−2m"), (0.123456, ".3g", "0.123"),
        (1e6, ",~r", "1,000,000"), (0.1, ".2f", "0.10"), (-1e-9, ".2f", "0.00"),
        (3.5, "+,.3~r", "+3.5"), (2, "", "2"),
    ],
)  # fmt: skip
def test_numbers_by_their_format(value: float, pattern: str, text: str) -> None:
    assert formatted(value, pattern) == text


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (0.0, 1.0, "0"), (12_000, 1_000, "12,000"), (3e6, 1e6, "3×10⁶"), (1e-6, 0, "10⁻⁶"),
        (0.00012, 0.00001, "0.00012"), (-0.5, 0.5, "−0.5"), (0.30000000000000004, 0.1, "0.3"),
    ],
)  # fmt: skip
def test_numbers_in_full(value: float, step: float, text: str) -> None:
    assert in_full(value, step) == text


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(BadInput, match=r"\$\.2f"):
        formatted(1, "$.2f")


def test_ticks_of_quarters_are_named_once() -> None:
    stops = [{"dtickrange": [None, "M11"], "value": "%YQ%q"}]
    axis = Axis("x", {"tickformatstops": stops}, "date")
    axis.low, axis.high = axis.at("2000-01-01"), axis.at("2000-07-01")
    assert [text for _, text in ticks_of(axis, 600)] == ["2000Q1", "2000Q2", "2000Q3"]


def test_kinds_of_axes() -> None:
    assert kind_of({}, [["2000-01", "2000-02"]]) == "date"
    assert kind_of({}, [[np.datetime64("2000-01-01")]]) == "date"
    assert kind_of({}, [["1", "2.5"]]) == "linear"
    assert kind_of({}, [["1", "a"]]) == "category"
    assert kind_of({"type": "log"}, [[1, 2]]) == "log"


def test_places_on_axes() -> None:
    days = Axis("x", {}, "date").place(["1970-01-02", "1970-01-01T12:00", None])
    np.testing.assert_allclose(days, [1, 0.5, np.nan])
    assert Axis("y", {}, "log").at(2, as_power=True) == 100
    assert Axis("y", {}, "log").at(2) == 2
    assert Axis("x", {}, "category", ["a", "b"]).place(["b", "a", 1, "c"]).tolist()[:3] == [1, 0, 1]


def test_steps_of_a_line() -> None:
    x, y = stepped(np.array([0.0, 1, 2]), np.array([5.0, 6, 7]), "hv")
    assert x.tolist() == [0, 1, 1, 2, 2] and y.tolist() == [5, 5, 6, 6, 7]
    x, y = stepped(np.array([0.0, 2]), np.array([5.0, 6]), "hvh")
    assert x.tolist() == [0, 1, 1, 2] and y.tolist() == [5, 5, 6, 6]


def test_stacked_and_grouped_bars() -> None:
    axes = Axis("x", {}), Axis("y", {})
    made = [{"type": "bar", "index": i, "x": [0, 1], "y": [2 + i, -1]} for i in (0, 1)]
    stacked = [Bars(one, *axes) for one in made]
    arrange(stacked, {"barmode": "stack", "bargap": 0.2})
    assert stacked[1].base.tolist() == [2, -1] and stacked[1].top.tolist() == [5, -2]
    assert stacked[0].width.tolist() == pytest.approx([0.8, 0.8])
    grouped = [Bars(one, *axes) for one in made]
    arrange(grouped, {"bargap": 0.2})
    assert grouped[0].at.tolist() == pytest.approx([-0.2, 0.8])
    assert grouped[1].at.tolist() == pytest.approx([0.2, 1.2])
    assert grouped[0].width.tolist() == pytest.approx([0.4, 0.4])


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (go.Figure(go.Sankey()), "sankey"),
        (go.Figure({"y": [1], "mode": "markers", "marker": {"symbol": "hash"}}), "hash"),
        (go.Figure({"y": [1, 2], "fill": "tonextx"}), "tonextx"),
        (go.Figure({"y": [1, 2]}, {"shapes": [{"type": "path", "path": "M0,0"}]}), "path"),
    ],
)
def test_what_is_not_drawn_is_named(figure: go.Figure, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        printed(figure, "svg")


def test_bad_kinds_and_widths() -> None:
    with pytest.raises(BadInput, match='not as "eps"'):
        printed(bars(), "eps")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="5 mm"):
        printed(bars(), "svg", 5)


UNKNOWN = "\U000e1234"
"""A letter that no font has."""


def test_letters_without_a_font_are_named() -> None:
    assert unprintable(bars()) == ""
    assert unprintable(bars(f"a{UNKNOWN}")) == UNKNOWN
    with pytest.warns(PrintWarning, match=UNKNOWN):
        svg = printed(bars(f"a{UNKNOWN}"), "svg")
    # The reader's fonts may have it.
    assert f"a{UNKNOWN}" in "".join(one.text or "" for one in ET.fromstring(svg).iter(f"{SVG}text"))


def test_another_font_of_the_machine_draws_what_ours_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "Squares.ttf"
    square_font(path, ord(UNKNOWN))
    entries = [*font_manager.fontManager.ttflist, font_manager.ttfFontProperty(
        font_manager.get_font(str(path)))]  # fmt: skip
    monkeypatch.setattr(font_manager.fontManager, "ttflist", entries)
    texts.family_of.cache_clear()
    try:
        assert texts.families(f"a{UNKNOWN}") == [texts.FAMILY, "Squares"]
        assert printed(bars(UNKNOWN), "png") != printed(bars("a"), "png")
        assert b"Squares" in printed(bars(UNKNOWN), "pdf")
    finally:
        texts.family_of.cache_clear()


def square_font(path: Path, letter: int) -> None:
    """A font with one letter, a square."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 700), (700, 700), (700, 0)):
        pen.lineTo(corner)
    pen.closePath()
    glyph = pen.glyph()
    build = FontBuilder(1000, isTTF=True)
    build.setupGlyphOrder([".notdef", "square"])
    build.setupCharacterMap({letter: "square"})
    build.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": glyph})
    build.setupHorizontalMetrics({".notdef": (800, 0), "square": (800, 0)})
    build.setupHorizontalHeader(ascent=800, descent=-200)
    build.setupNameTable({"familyName": "Squares", "styleName": "Regular", "psName": "Squares"})
    build.setupOS2(sTypoAscender=800, usWeightClass=400)
    build.setupPost()
    build.save(path)
