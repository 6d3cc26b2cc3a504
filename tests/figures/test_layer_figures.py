"""Figures of layers: the right channels, the right pixels, the right edges."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from dlexplain.figures.layer_graph import block_of, graph
from dlexplain.figures.layers import (
    FRAME,
    channel_tiles,
    filter_tiles,
    framed,
    maps_png,
    plot_channel,
    plot_units,
)
from dlexplain.results import FeatureMaps, Filters, Layer, Layers, Rectangle


def maps(values: np.ndarray) -> FeatureMaps:
    order = np.argsort(-values.mean((1, 2)), kind="stable")
    picture = np.zeros((8, 8, 3), np.uint8)
    return FeatureMaps("model", "layer", "ReLU", values.astype(np.float32), order, "mean", picture)


def pixels(source: str) -> np.ndarray:
    data = base64.b64decode(source.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_tiles_are_the_most_active_channels_on_one_scale_or_their_own() -> None:
    values = np.stack([np.full((2, 2), 0.0), np.full((2, 2), 4.0), np.array([[0, 1], [2, 1]])])
    together = channel_tiles(maps(values), 2)
    assert [tile.label for tile in together] == ["1", "2"]
    assert together[0].told == "channel 1: mean 4, largest 4"
    apart = channel_tiles(maps(values), 3, together=False)
    brightest = pixels(apart[1].source)[-1, 0]  # channel 2's own largest value
    assert brightest.tolist() == pixels(together[0].source)[0, 0].tolist()
    assert pixels(together[1].source)[-1, 0].tolist() != brightest.tolist()


def test_the_sheet_has_the_channels_of_the_tiles() -> None:
    values = np.stack([np.full((2, 2), 0.0), np.full((2, 2), 4.0), np.array([[0, 1], [2, 1]])])
    found = np.asarray(Image.open(io.BytesIO(maps_png(maps(values), 2))))
    side = found.shape[0] // 4  # of a value: two of them, and a gap above and below
    assert found.shape == (4 * side, 7 * side, 3)
    for place, tile in enumerate(channel_tiles(maps(values), 2)):
        left = (1 + 3 * place) * side
        corner = pixels(tile.source)[0, 0].tolist()
        assert found[side, left].tolist() == corner


def test_filters_of_colours_are_grey_where_they_are_zero() -> None:
    weights = np.zeros((1, 3, 2, 2), np.float32)
    weights[0, 0, 0, 0], weights[0, 2, 1, 1] = 2.0, -2.0
    found = pixels(filter_tiles(Filters("model", "layer", weights))[0].source)
    assert found[0, 0].tolist() == [255, 128, 128]
    assert found[-1, -1].tolist() == [128, 128, 0]
    assert found[0, -1].tolist() == [128, 128, 128]


def test_a_channel_lies_on_the_pixels_at_its_places() -> None:
    figure = plot_channel(maps(np.arange(4.0).reshape(1, 2, 2)), 0)
    z = np.asarray(figure.data[0].z)
    np.testing.assert_array_equal(z[:4, :4], 0)
    np.testing.assert_array_equal(z[:4, 4:], 1)
    np.testing.assert_array_equal(z[4:, 4:], 3)


def test_units_are_named_best_first() -> None:
    figure = plot_units(maps(np.array([1.0, 3.0, 2.0]).reshape(3, 1, 1)), 2, ("a", "b", "c"))
    assert list(figure.data[0].y) == ["b", "c"]
    assert list(figure.data[0].x) == [3, 2]


@pytest.mark.parametrize("side", [8, 300])
def test_the_frame_is_around_the_field(side: int) -> None:
    picture = np.zeros((side, side, 3), np.uint8)
    found = framed(picture, Rectangle(2, 3, 5, 6))
    factor = found.shape[0] // side
    rows, columns = np.nonzero(found.any(2))
    assert (rows.min(), rows.max()) == (2 * factor, 6 * factor - 1)
    assert (columns.min(), columns.max()) == (3 * factor, 7 * factor - 1)
    colour = "#" + "".join(f"{value:02X}" for value in found[rows[0], columns[0]])
    assert colour == FRAME


def test_the_graph_joins_blocks_and_layers() -> None:
    def layer(name: str, *sources: str, adds: bool = False) -> Layer:
        return Layer(name, "Conv2d", '3 "x" 3', (1, 4, 4), (2, 4, 4), 7, 9, sources, adds)

    found = Layers("model", (1, 4, 4), (
        layer("stem", "picture"), layer("a.0.one", "stem"), layer("a.0.two", "a.0.one"),
        layer("a.0", "stem", "a.0.two", adds=True), layer("head", "a.0"),
    ))  # fmt: skip
    edges = [line for line in graph(found).splitlines() if "->" in line]
    assert edges == ['"picture" -> "stem";', '"stem" -> "a.0";', '"a.0" -> "head";']
    every = graph(found, every=True)
    assert '"a.0.two" -> "a.0";' in every
    assert '\\"x\\"' in every
    assert "3 layers, sum\\n2 × 4 × 4, 21 parameters" in graph(found)
    assert block_of("blocks.3.project.conv#2") == "blocks.3"
