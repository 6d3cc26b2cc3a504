"""Figures and overlays from results alone: ranges, signs, scales; no torch."""

import base64
import io
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dlexplain.figures.attribution import map_figure, plot_attribution
from dlexplain.figures.overlay import attribution_png, enlarged, overlay, page_image, smoothed
from dlexplain.figures.prediction import plot_prediction
from dlexplain.figures.scales import Scale, shown, value_range
from dlexplain.language import speaking
from dlexplain.results import Attribution, ClassName, ClassScore, Prediction

GREY = np.full((8, 8, 3), 100, np.uint8)


def attribution(values: np.ndarray, signed: bool = True) -> Attribution:
    return Attribution(
        "m", {}, values.astype(np.float32)[None], signed, 0.1, 1, unit="logits", picture=GREY
    )


def ramp() -> np.ndarray:
    return np.linspace(-1, 3, 64).reshape(8, 8).astype(np.float32)


def test_a_signed_scale_is_centred_on_zero() -> None:
    low, high = value_range(ramp(), signed=True)
    assert low == -high
    assert 2.9 < high <= 3


def test_an_unsigned_scale_runs_from_the_lowest_value() -> None:
    assert value_range(ramp(), signed=False)[0] == -1


@pytest.mark.parametrize("signed", [True, False])
def test_a_map_of_one_value_has_a_scale(signed: bool) -> None:
    low, high = value_range(np.zeros((4, 4), np.float32), signed)
    assert low < high


def test_one_hot_pixel_does_not_hide_the_rest() -> None:
    values = np.ones((100, 100), np.float32)
    values[0, 0] = 1e6
    assert value_range(values, signed=True)[1] == pytest.approx(1.0)


def test_one_sign_alone_can_be_shown() -> None:
    positive = shown(ramp(), True, "positive")
    assert (np.isnan(positive) == (ramp() <= 0)).all()
    assert (np.isnan(shown(ramp(), True, "negative")) == (ramp() >= 0)).all()
    assert (shown(ramp(), False, "negative") == ramp()).all()


def photo(side: int = 100) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (side, side, 3)).astype(np.uint8)


def test_colours_end_at_the_99th_percentile_and_it_is_said() -> None:
    values = np.ones((100, 100), np.float32)
    values[0, :50] = 8  # half of a per cent
    scale = Scale.of(values, signed=True)
    assert (scale.low, scale.high, scale.clipped) == (-1, 1, True)
    assert scale.words == "Colours end at the 99th percentile; largest: 8."
    assert Scale.of(np.ones((4, 4), np.float32), True).words == ""


def test_opacity_follows_the_size_of_the_value() -> None:
    values = np.array([[-2.0, -1.0, 0.0, 0.5, 2.0]], np.float32)
    np.testing.assert_allclose(
        Scale.of(values, True).opacity(values), [[1, 0.5, 0, 0.25, 1]], atol=0.03
    )
    unsigned = np.array([[0.0, 1.0, 2.0, 4.0]], np.float32)
    np.testing.assert_allclose(
        Scale.of(unsigned, False).opacity(unsigned), [[0, 0.25, 0.5, 1]], atol=0.02
    )
    assert Scale.of(values, True).opacity(np.full((1, 1), np.nan, np.float32)) == 0


def test_where_nothing_speaks_the_photo_keeps_its_colours() -> None:
    picture = photo()
    values = np.zeros((100, 100), np.float32)
    values[:50] = 1
    drawn, _ = overlay(picture, values, True, side=100, smooth=False)
    np.testing.assert_array_equal(drawn[50:], picture[50:])
    assert (drawn[:50] != picture[:50]).any()
    clear, _ = overlay(picture, values, True, strength=0, side=100)
    np.testing.assert_array_equal(clear, picture)


def test_a_signed_overlay_is_red_for_and_blue_against() -> None:
    drawn, _ = overlay(GREY, ramp(), True, strength=1, side=8)
    assert tuple(drawn[7, 7]) == (178, 24, 43)
    assert int(drawn[0, 0, 2]) > int(drawn[0, 0, 0]) + 20


def test_the_hidden_sign_shows_the_picture() -> None:
    drawn, _ = overlay(GREY, ramp(), True, strength=1, sign="positive", side=8)
    assert (drawn[0, 0] == 100).all()
    assert (drawn[7, 7] != 100).any()


def test_a_page_shows_a_map_smooth_unless_raw_is_asked_for() -> None:
    speckle = np.where(np.indices((100, 100)).sum(0) % 2, 1.0, -1.0).astype(np.float32)
    speckle[40:60, 40:60] = 0.5
    grey = np.full((100, 100, 3), 100, np.uint8)
    smooth, _ = overlay(grey, speckle, True, side=100)
    raw, _ = overlay(grey, speckle, True, side=100, smooth=False)
    # Alternating values cancel out: the patch alone is left.
    assert np.abs(smooth[5:30, 5:30].astype(int) - 100).max() < 10
    assert smooth[50, 50, 0] > 120
    assert np.abs(raw[5:30, 5:30].astype(int) - 100).max(axis=2).min() > 40
    np.testing.assert_allclose(smoothed(speckle)[5:30, 5:30], 0, atol=0.05)
    np.testing.assert_array_equal(smoothed(ramp()), ramp())  # of few pixels each counts


def test_what_a_page_gets_is_small() -> None:
    noise = np.random.default_rng(0).normal(size=(224, 224)).astype(np.float32)
    image, scale = page_image(photo(224), noise, True)
    assert len(image) < 250_000  # of noise; a photo takes a fifth
    assert scale is not None
    with Image.open(io.BytesIO(image)) as opened:
        assert opened.size == (448, 448)
    before, none = page_image(photo(224), None, True)
    assert none is None and len(before) > 0


def test_a_png_shows_the_original_the_map_and_the_scale_and_says_what_it_is() -> None:
    found = replace(attribution(ramp()), title="LIME", target=ClassName(1, "n1", "goldfish"))
    with Image.open(io.BytesIO(attribution_png(found))) as image:
        assert image.info["Title"] == "LIME: goldfish"
        pixels = np.asarray(image)
    height, width = pixels.shape[:2]
    assert width == 24 + 2 * (672 + 24)
    assert (pixels[120:700, 30:680] == 100).all()  # the picture as it is
    over = pixels[92:764, 24 + 672 + 24 : 24 + 672 + 24 + 672].astype(int)
    assert over[-5, -5, 0] > over[-5, -5, 2] + 50  # red, where it speaks most
    ink = (pixels.astype(int).sum(axis=2) < 300).any(axis=1)
    assert ink[10:40].any() and ink[44:64].any()  # what was asked, and by which model
    assert ink[height - 3 * 34 :].any()  # the scale's numbers


def test_a_png_is_in_the_language_that_its_font_has_letters_of() -> None:
    found = attribution(ramp())
    with speaking("zh"):
        told = attribution_png(found)
    assert told == attribution_png(found)


def test_a_long_question_is_cut_to_the_sheet() -> None:
    found = replace(attribution(ramp()), title="LIME", target=ClassName(1, "n1", "long " * 300))
    with Image.open(io.BytesIO(attribution_png(found))) as image:
        right = np.asarray(image)[:60, -20:]
    assert (right == 255).all()


def test_pictures_of_64_pixels_and_more_are_left_to_be_smoothed() -> None:
    large = np.zeros((64, 64, 3), np.uint8)
    assert enlarged(large) is large
    assert enlarged(large[:63, :63], least=200).shape == (252, 252, 3)


def test_a_small_picture_under_a_figures_map_is_crisp() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    source = map_figure(picture, None, True).layout.images[0].source
    with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as image:
        shown = np.asarray(image)
    np.testing.assert_array_equal(shown, picture.repeat(84, axis=0).repeat(84, axis=1))


def test_the_figure_carries_the_map_its_unit_and_the_picture() -> None:
    figure = plot_attribution(attribution(ramp()), strength=0.4)
    heatmap = figure.data[0]
    np.testing.assert_allclose(heatmap.z, ramp())
    assert heatmap.zmin == -heatmap.zmax
    assert heatmap.colorscale[0] == (0.0, "rgba(33,102,172,0.400)")
    assert heatmap.colorscale[4][1].endswith(",0.000)")  # zero is clear
    assert heatmap.colorscale[-1] == (1.0, "rgba(178,24,43,0.400)")
    assert heatmap.colorbar.title.text == "logits"
    assert figure.layout.images[0].source.startswith("data:image/png;base64,")
    assert tuple(figure.layout.yaxis.range) == (7.5, -0.5)  # row 0 is at the top


def test_before_there_is_a_map_the_picture_stands_alone_at_the_same_size() -> None:
    empty, full = map_figure(GREY, None, True), plot_attribution(attribution(ramp()))
    assert np.isnan(empty.data[0].z).all()
    assert empty.layout.height == full.layout.height


def test_bars_keep_two_classes_of_one_name_apart() -> None:
    crane = [ClassScore(ClassName(i, f"n{i}", "crane"), p) for i, p in ((134, 0.6), (517, 0.3))]
    bars = plot_prediction(Prediction("a.png", "m", tuple(crane))).data[0]
    assert list(bars.y) == ["134", "517"]
    assert list(bars.text) == ["60.0%", "30.0%"]


def test_a_class_without_wordnet_id_and_with_markup_in_its_name() -> None:
    score = ClassScore(ClassName(3, "", "<b>bold</b>"), 0.5)
    figure = plot_prediction(Prediction("a.png", "m", (score,)))
    assert list(figure.data[0].customdata[0]) == ["&lt;b&gt;bold&lt;/b&gt;", "index 3"]
    assert figure.layout.yaxis.ticktext == ("&lt;b&gt;bold&lt;/b&gt;",)


def test_figures_need_no_torch() -> None:
    code = "import dlexplain.figures, sys; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_figures_can_be_drawn_while_another_thread_imports_pandas() -> None:
    # plotly finds pandas in sys.modules as soon as its import has begun.
    code = """
import threading
import dlexplain.figures
from dlexplain.figures.prediction import plot_prediction
from dlexplain.results import ClassName, ClassScore, Prediction
stop = threading.Event()
thread = threading.Thread(target=lambda: (__import__("pandas"), stop.set()))
thread.start()
drawn = 0
while not stop.is_set() or drawn < 3:
    plot_prediction(Prediction("a", "m", (ClassScore(ClassName(1, "n", "cat"), 0.5),)))
    drawn += 1
print("drawn")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "drawn", run.stderr
