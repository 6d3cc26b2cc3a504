"""Figures of pictures made of numbers show what the results say."""

import csv
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from dlexplain.figures.latent_map import plot_plane
from dlexplain.figures.latent_sheets import plot_samples, png, sheet
from dlexplain.figures.latents import plot_effects, plot_errors, plot_use
from dlexplain.results import (
    DimensionEffects,
    EncodedPictures,
    LatentPlane,
    Reconstruction,
    Samples,
    SeenPicture,
)

NONE = np.zeros(0, np.float32)


def encoded(count: int = 40, kl: bool = True) -> EncodedPictures:
    generator = np.random.default_rng(0)
    return EncodedPictures(
        model="m", data="d", classes=("a", "b"),
        pixels=generator.integers(0, 256, (count, 6, 6, 1)).astype(np.uint8),
        labels=np.arange(count) % 2, tested=np.arange(count) >= count // 2,
        codes=generator.normal(size=(count, 3)).astype(np.float32) * [1, 3, 2],
        errors=np.linspace(0.01, 0.1, count).astype(np.float32),
        kl=np.array([0.1, 0.0, 2.0], np.float32) if kl else NONE,
    )  # fmt: skip


def test_a_sheet_has_every_picture_in_its_place() -> None:
    pixels = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    found = sheet(pixels, 3)
    assert found.shape == (7, 10, 3)
    for place in range(5):
        top, left = place // 3 * 3 + 1, place % 3 * 3 + 1
        assert (found[top : top + 2, left : left + 2] == place).all()
    assert (found[4:6, 7:9] == 128).all()  # none is left for this one
    assert png(pixels[0]).startswith(b"\x89PNG")


def test_samples_can_be_clicked_where_they_are() -> None:
    pixels = np.zeros((10, 4, 4, 3), np.uint8)
    made = Samples("m", pixels, np.zeros((10, 2), np.float32), np.arange(10) % 2, ("a", "b"), 0, 0)
    figure = plot_samples(made, 9)
    points = figure.data[1]
    assert points.customdata.tolist() == list(range(10))
    assert (points.x[9], points.y[9]) == (7.5, 7.5)  # second row, second column, of 5 each
    assert points.text[9] == "10 b"
    frame = figure.layout.shapes[0]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (4.5, 9.5, 4.5, 9.5)


def test_points_of_the_map_are_the_codes_and_know_their_pictures() -> None:
    known = encoded()
    found = plot_plane(LatentPlane(known, np.eye(3)[:, :2], np.zeros(3), ("x", "y")), (1, 2), True)
    for trace, label in zip(found.data[:2], (0, 1), strict=True):
        assert (known.labels[trace.customdata] == label).all()
        assert np.allclose(trace.x, known.codes[trace.customdata, 0])
    assert (found.data[2].x[0], found.data[2].marker.symbol) == (1, "star")
    assert 1 < len(found.layout.images) <= 40


def test_ten_classes_have_ten_colours_and_the_neighbours_other_symbols() -> None:
    known = replace(encoded(), labels=np.arange(40) % 20, classes=tuple("abcdefghijklmnopqrst"))
    figure = plot_plane(LatentPlane(known, np.eye(3)[:, :2], np.zeros(3), ("x", "y")))
    looks = [(trace.marker.color, trace.marker.symbol) for trace in figure.data]
    assert len({colour for colour, _ in looks[:10]}) == 10
    assert len(set(looks)) == 20
    assert all(a[1] != b[1] for a, b in pairwise(looks))


def test_a_map_is_written_as_a_table() -> None:
    known = encoded(6)
    plane = LatentPlane(known, np.eye(3)[:, [1, 0]], np.zeros(3), ("dimension 1", "dimension 0"))
    head, first, *rest = csv.reader(plane.to_csv().decode().splitlines())
    assert head[:6] == ["picture", "part", "class", "error", "dimension 1", "dimension 0"]
    assert head[6:] == ["code[0]", "code[1]", "code[2]"]
    assert first[:3] == ["0", "training", "a"]
    assert rest[-1][:3] == ["5", "test", "b"]
    code = known.codes[0]
    assert [float(text) for text in first[3:]] == pytest.approx(
        [known.errors[0], code[1], code[0], *code], rel=1e-5
    )


def test_errors_and_use_are_drawn_as_they_are() -> None:
    known = encoded()
    figure = plot_errors(known, 0.05)
    assert figure.layout.shapes[0].x0 == 0.05
    assert [len(trace.x) for trace in figure.data] == [20, 20]
    use = plot_use(known, np.array([5, 6, 7], np.float32))
    assert list(use.data[0].x) == ["2", "0", "1"]
    assert use.data[1].y.tolist() == [7, 5, 6]
    plain = plot_use(encoded(kl=False), NONE)
    assert list(plain.data[0].x) == ["1", "2", "0"]
    assert len(plain.data) == 1


def test_maps_of_dimensions_stand_beside_each_other() -> None:
    maps = np.stack([np.full((7, 7), place, np.float32) for place in (1, -2, 3)])
    z = plot_effects(DimensionEffects("m", np.zeros((7, 7, 1), np.uint8), maps), [2, 0, 1], 2).data[
        0
    ]["z"]
    assert (z[2:9, 0:7] == 3).all()
    assert (z[2:9, 9:16] == 1).all()
    assert (z[11:18, 0:7] == -2).all()
    assert np.isnan(z[11:18, 9:16]).all()


def test_a_reconstruction_draws_itself() -> None:
    seen = SeenPicture("p", np.full((3, 3, 1), 51, np.uint8))
    copy = np.full((3, 3, 1), 102, np.uint8)
    figure = Reconstruction("m", seen, copy, 0.04, NONE, NONE, NONE).plot()
    assert [trace.type for trace in figure.data] == ["image", "image", "heatmap"]
    assert figure.data[2].z.tolist() == pytest.approx(np.full((3, 3), 0.2))
