"""An explanation film drawn: one scale, one frame an epoch, small files."""

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from dlexplain.figures.film import LARGEST, film_frames, film_gif, film_strip, film_webp
from dlexplain.figures.film_panels import PANEL, film_scale, panel
from dlexplain.results import (
    Attribution,
    ClassName,
    Curve,
    Film,
    FilmFrame,
    SeriesAttribution,
    TextAttribution,
)

CAT = ClassName(0, "", "cat")


def picture_map(scale: float) -> Attribution:
    values = (np.arange(64, dtype=np.float32) - 32).reshape(1, 8, 8) * scale
    pixels = np.full((8, 8, 3), 128, np.uint8)
    return Attribution("g", {}, values, True, 0.0, 0, title="G", target=CAT, picture=pixels)


def text_map(scale: float) -> TextAttribution:
    text = "a cat\tsat"
    offsets = np.array([[0, 0], [0, 1], [2, 5], [6, 9], [0, 0]])
    values = np.array([0, 1, 5, -2, 0], np.float32) * scale
    return TextAttribution(
        "g", "G", {}, values, True, 0.0, 0, text=text, tokens=("[CLS]", "a", "cat", "sat", "[SEP]"),
        offsets=offsets, words=np.array([-1, 0, 1, 2, -1]), target=CAT,
    )  # fmt: skip


def series_map(scale: float) -> SeriesAttribution:
    values = np.arange(12, dtype=np.float64).reshape(4, 3) * scale
    dates = np.array(["2000-01-01", "2000-04-01", "2000-07-01", "2000-10-01"], "datetime64[D]")
    return SeriesAttribution(
        "g", "G", {}, "m", ("gdp", "a very long name of a series", "m2"), dates, values, values,
        "gdp", 2, dates[-1], "median", "%", 1.0, None, 1, 0.0,
    )  # fmt: skip


KINDS = {"picture": picture_map, "text": text_map, "series": series_map}


def film(kind: str, count: int = 3) -> Film:
    frames = tuple(
        FilmFrame(n, "" if kind == "series" else "cat", n / count, 0.5, KINDS[kind](1.0 + n))
        for n in range(count)
    )
    steps = np.arange(0, 30, 3)
    curve = Curve("r", "run", "train/loss", steps, np.linspace(2, 1, 10), steps * 1.0)
    return Film("r", "run", "a cat", kind, "probability of cat", frames, count - 1, 30, (curve,))


@pytest.mark.parametrize("kind", KINDS)
def test_each_epoch_is_a_frame_of_one_size(kind: str) -> None:
    found = film_frames(film(kind))
    assert len(found) == 3
    assert len({frame.shape for frame in found}) == 1
    assert not np.array_equal(found[0], found[2])


@pytest.mark.parametrize(("draw", "form"), [(film_webp, "WEBP"), (film_gif, "GIF")])
def test_the_animation_has_all_frames_and_is_small(draw: object, form: str) -> None:
    content = draw(film("picture", 5))  # type: ignore[operator]
    assert len(content) < LARGEST
    image = Image.open(io.BytesIO(content))
    assert image.format == form
    assert sum(1 for _ in ImageSequence.Iterator(image)) == 5


def test_the_strip_has_a_map_for_each_epoch() -> None:
    few, many = (Image.open(io.BytesIO(film_strip(film("text", count)))).size for count in (2, 7))
    assert many[0] > few[0]
    assert many[1] > few[1]


def test_one_scale_for_all_frames() -> None:
    found = film("picture")
    scale = film_scale(found)
    largest = max(float(np.abs(frame.found.values).max()) for frame in found.frames)
    assert scale.largest == largest == 96
    # The same values a third as large are a third as strong on it.
    first, last = (panel(found, frame)[0, 0].astype(float) for frame in found.frames[::2])
    grey = 128.0
    assert np.abs(first - grey).sum() < 0.5 * np.abs(last - grey).sum()


def test_a_text_that_is_long_is_written_small_and_cut() -> None:
    words = " ".join(["word"] * 2000)
    offsets = np.array([[5 * n, 5 * n + 4] for n in range(2000)])
    one = TextAttribution(
        "g", "G", {}, np.ones(2000, np.float32), True, 0.0, 0, text=words,
        tokens=("word",) * 2000, offsets=offsets, words=np.arange(2000), target=CAT,
    )  # fmt: skip
    found = Film("r", "run", "t", "text", "p", (FilmFrame(0, "cat", 0.5, 1.0, one),), 1, 1, ())
    assert panel(found, found.last).shape == (PANEL, PANEL, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_it_draws_itself(kind: str) -> None:
    names = [trace.name for trace in film(kind).plot().data]
    assert names[0] == "train loss"
    assert names[-1] == "map like the last one"
    assert ("probability of cat" in names) == (kind != "series")
