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
from dlexplain.figures.overlay import enlarged, overlay, overlay_png
from dlexplain.figures.prediction import plot_prediction
from dlexplain.figures.scales import shown, value_range
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


def test_an_overlay_of_no_strength_is_the_picture_in_grey() -> None:
    assert (overlay(attribution(ramp()), strength=0) == 100).all()


def test_a_signed_overlay_is_red_for_and_blue_against() -> None:
    drawn = overlay(attribution(ramp()), strength=1).astype(int)
    assert drawn[7, 7, 0] > drawn[7, 7, 2]
    assert drawn[0, 0, 2] > drawn[0, 0, 0]


def test_the_hidden_sign_shows_the_picture() -> None:
    drawn = overlay(attribution(ramp()), strength=1, sign="positive")
    assert (drawn[0, 0] == 100).all()
    assert (drawn[7, 7] != 100).any()


def test_a_png_says_what_it_is() -> None:
    found = replace(attribution(ramp()), title="LIME", target=ClassName(1, "n1", "goldfish"))
    with Image.open(io.BytesIO(overlay_png(found))) as image:
        assert image.size == (672, 672)
        assert image.info["Title"] == "LIME: goldfish"


@pytest.mark.parametrize(("side", "whole"), [(8, 672), (32, 672), (30, 690), (63, 693)])
def test_small_maps_are_enlarged_pixel_by_pixel(side: int, whole: int) -> None:
    values = np.random.default_rng(0).normal(size=(side, side)).astype(np.float32)
    found = replace(attribution(values), picture=np.full((side, side, 3), 100, np.uint8))
    with Image.open(io.BytesIO(overlay_png(found))) as image:
        assert image.size == (whole, whole)
        factor = whole // side
        expected = overlay(found).repeat(factor, axis=0).repeat(factor, axis=1)
        np.testing.assert_array_equal(np.asarray(image), expected)


def test_pictures_of_64_pixels_and_more_are_left_to_be_smoothed() -> None:
    large = np.zeros((64, 64, 3), np.uint8)
    assert enlarged(large) is large
    assert enlarged(large[:63, :63], least=200).shape == (252, 252, 3)


def test_a_small_picture_under_a_figures_map_is_crisp() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    source = map_figure(picture, None, True).layout.images[0].source
    with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as image:
        shown = np.asarray(image)
    grey = np.asarray(Image.fromarray(picture).convert("L"))
    np.testing.assert_array_equal(shown, grey.repeat(84, axis=0).repeat(84, axis=1))


def test_the_figure_carries_the_map_its_unit_and_the_picture() -> None:
    figure = plot_attribution(attribution(ramp()), strength=0.4)
    heatmap = figure.data[0]
    np.testing.assert_allclose(heatmap.z, ramp())
    assert heatmap.zmin == -heatmap.zmax
    assert heatmap.opacity == 0.4
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
