"""Coloured shapes on textured ground, drawn on the fly, with the true mask of the shape.

Only the outline defines the class: colour, place, size, angle and texture are drawn at random.
So an explanation can be judged against the mask.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dlexplain.data.base import (
    DATA,
    DataSpec,
    DataStatus,
    PictureData,
    Pictures,
    Report,
    Split,
    digest_of,
)
from dlexplain.params import number

CLASSES = ("circle", "square", "triangle", "star", "cross")
OVERSAMPLING = 4
"""Drawn this many times larger and averaged, so that edges are smooth."""
SEEDS: dict[Split, int] = {"train": 0, "validation": 1, "test": 2}


class Parts(TypedDict):
    """Pictures of each part, by the names that PictureData has of them."""

    train: Pictures
    validation: Pictures
    test: Pictures


@dataclass(frozen=True)
class Sizes:
    """How many pictures, and how large."""

    side: int = number(32, "Side, pixels", low=16, high=128, help="Width and height.")
    count: int = number(
        4000,
        "Pictures",
        low=100,
        high=100_000,
        help="For training; testing and validation take a quarter and an eighth of it on top.",
    )


@dataclass(frozen=True)
class Params(Sizes):
    """The same, and how hard."""

    texture: float = number(
        0.3, "Texture", low=0.0, high=1.0, step=0.05, help="Strength of the ground's pattern."
    )


def load(params: Params, folder: Path, report: Report) -> PictureData:
    """The same pictures at every call with the same params."""

    def part(size: int, seed: int) -> Pictures:
        return draw(size, params.side, params.texture, seed)

    parts = drawn_parts(params.count, part, SEEDS, report)
    train = parts["train"]
    return PictureData(**parts, classes=CLASSES, digest=digest_of(train.pixels, train.labels))


def drawn_parts(
    count: int, draw: Callable[[int, int], Pictures], seeds: Mapping[Split, int], report: Report
) -> Parts:
    """`count` pictures to train on, an eighth of them to validate, a quarter to test. draw  takes
    how many and the part's seed"""

    def part(split: Split, size: int) -> Pictures:
        report(f"drawing {size:,} shapes for the {split} part", None)
        return draw(size, seeds[split])

    return {
        "train": part("train", count),
        "validation": part("validation", max(25, count // 8)),
        "test": part("test", max(50, count // 4)),
    }


def draw(count: int, side: int, texture: float, seed: int) -> Pictures:
    """`count` pictures, classes in turn."""
    generator = np.random.default_rng([seed, count, side])
    pixels = np.empty((count, side, side, 3), np.uint8)
    masks = np.empty((count, side, side), np.bool_)
    labels = generator.permutation(np.arange(count) % len(CLASSES)).astype(np.int64)
    for place, label in enumerate(labels):
        cover = _cover(CLASSES[label], side, generator)  # (side, side), 0..1
        ground = _ground(side, texture, generator)
        colour = _away_from(ground.mean(axis=(0, 1)), generator)
        blended = ground + cover[..., None] * (colour - ground)
        pixels[place] = np.clip(blended, 0, 255).astype(np.uint8)
        masks[place] = cover >= 0.5
    return Pictures(pixels, labels, masks)


def _ground(side: int, texture: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """A colour with stripes in a random direction, and noise."""
    base = generator.uniform(40, 215, 3)
    y, x = np.mgrid[:side, :side] / side
    angle, waves = generator.uniform(0, np.pi), generator.uniform(2, 6)
    stripes = np.sin(2 * np.pi * waves * (x * np.cos(angle) + y * np.sin(angle)))
    noise = generator.normal(0, 1, (side, side, 3))
    pattern = 60 * stripes[..., None] * generator.uniform(0.3, 1, 3) + 25 * noise
    ground: NDArray[np.float64] = base + texture * pattern
    return ground


def _away_from(ground: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """A colour that can be told from the ground's."""
    while True:
        colour = generator.uniform(0, 255, 3)
        if np.abs(colour - ground).max() > 80:
            return colour


def _cover(shape: str, side: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """(side, side) share of each pixel that the shape covers."""
    big = side * OVERSAMPLING
    radius = generator.uniform(0.2, 0.38) * big
    centre = generator.uniform(radius, big - radius, 2)
    return cover_of(shape, side, radius, centre, generator.uniform(0, 2 * np.pi))


def cover_of(
    shape: str, side: int, radius: float, centre: NDArray[np.float64], angle: float
) -> NDArray[np.float64]:
    """The same of a given place and turn; radius and centre (2,) on a grid OVERSAMPLING as fine."""
    big = side * OVERSAMPLING
    canvas = Image.new("L", (big, big))
    pen = ImageDraw.Draw(canvas)
    if shape == "circle":
        pen.ellipse([*(centre - radius), *(centre + radius)], fill=255)
    else:
        corners = _outline(shape) * radius
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        pen.polygon([tuple(point) for point in corners @ turn.T + centre], fill=255)
    cover = np.asarray(canvas, np.float64) / 255
    share: NDArray[np.float64] = cover.reshape(side, OVERSAMPLING, side, OVERSAMPLING).mean((1, 3))
    return share


def _outline(shape: str) -> NDArray[np.float64]:
    """(corners, 2) inside the unit circle."""
    corners = {"square": 4, "triangle": 3, "star": 10}
    if shape == "cross":
        a, b = 1.0, 0.32
        return 0.95 * np.array(
            [
                *[(b, a), (b, b), (a, b), (a, -b), (b, -b), (b, -a)],
                *[(-b, -a), (-b, -b), (-a, -b), (-a, b), (-b, b), (-b, a)],
            ]
        )
    turns = np.arange(corners[shape]) * 2 * np.pi / corners[shape]
    radii = np.where(np.arange(10) % 2, 0.42, 1.0) if shape == "star" else np.ones(corners[shape])
    return np.stack([radii * np.cos(turns), radii * np.sin(turns)], axis=1)


def status(params: Params, folder: Path) -> DataStatus:
    return DataStatus(True, "drawn when it is needed")


DATA.add(
    "shapes",
    DataSpec(
        name="shapes",
        title="Shapes on textured ground",
        tasks=("classify-image",),
        Params=Params,
        description="Circles, squares, triangles, stars and crosses of random colour; the mask of "
        "what defines the class is known, so explanations can be judged.",
        terms="made here, free",
        load=load,
        status=status,
        gives=lambda params: {"channels": 3, "side": params.side},
    ),
)
