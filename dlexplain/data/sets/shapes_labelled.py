"""Shapes of which four things are told: their form, their colour, their number, and the ground's
texture. Each is drawn by itself, so that none of them betrays another.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
from dlexplain.data.heads import ONE_LABEL, of_head
from dlexplain.data.sets.shapes import CLASSES, OVERSAMPLING, Sizes, cover_of, drawn_parts
from dlexplain.params import choice, number

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (215, 45, 40),
    "green": (45, 165, 60),
    "blue": (50, 80, 215),
    "yellow": (230, 205, 40),
    "violet": (165, 55, 190),
}
SPREAD = 22
"""Largest difference of a shape's red, green and blue from its colour's."""
TEXTURES = ("plain", "stripes", "dots", "checks")
HEADS: dict[str, tuple[str, ...]] = {
    "form": CLASSES,
    "colour": tuple(COLOURS),
    "texture": TEXTURES,
    "count": ("1", "2", "3"),
}
SEEDS: dict[Split, int] = {"train": 10, "validation": 11, "test": 12}


@dataclass(frozen=True)
class Params(Sizes):
    """How many pictures, how large, how hard."""

    texture: float = number(
        0.5, "Texture", low=0.05, high=1.0, step=0.05, help="Strength of the ground's pattern."
    )
    head: str = choice("form", "Label", tuple(HEADS), help=ONE_LABEL)


def load(params: Params, folder: Path, report: Report) -> PictureData:
    """The same pictures at every call with the same params; `head` changes only the labels."""

    def part(size: int, seed: int) -> Pictures:
        return draw(size, params.side, params.texture, seed)

    parts = drawn_parts(params.count, part, SEEDS, report)
    train = parts["train"]
    assert train.heads is not None
    digest = digest_of(train.pixels, train.heads)
    every = PictureData(**parts, classes=CLASSES, digest=digest, heads=HEADS)
    found = of_head(every, params.head)
    if params.head != "texture":
        return found
    return replace(
        found, train=_around(found.train), validation=_around(found.validation),
        test=_around(found.test),
    )  # fmt: skip


def _around(pictures: Pictures) -> Pictures:
    """The ground, which tells its texture, is what the shapes leave."""
    assert pictures.masks is not None
    return replace(pictures, masks=~pictures.masks)


def draw(count: int, side: int, texture: float, seed: int) -> Pictures:
    """`count` pictures; of each head the classes in turn, shuffled by themselves. The masks are of
    all shapes."""
    generator = np.random.default_rng([seed, count, side])
    columns = [generator.permutation(np.arange(count) % len(c)) for c in HEADS.values()]
    heads = np.stack(columns, axis=1).astype(np.int64)  # (count, heads)
    pixels = np.empty((count, side, side, 3), np.uint8)
    masks = np.empty((count, side, side), np.bool_)
    for place, (form, colour, pattern, shapes) in enumerate(heads):
        cover = _covers(CLASSES[form], 1 + int(shapes), side, generator)  # (side, side), 0..1
        ground = _ground(TEXTURES[pattern], side, texture, generator)
        shade = np.array(list(COLOURS.values())[colour]) + generator.uniform(-SPREAD, SPREAD, 3)
        blended = ground + cover[..., None] * (shade - ground)
        pixels[place] = np.clip(blended, 0, 255).astype(np.uint8)
        masks[place] = cover >= 0.5
    return Pictures(pixels, heads[:, 0].copy(), masks, heads)


def _covers(
    form: str, count: int, side: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """(side, side) share of each pixel that `count` shapes cover, each in a quarter of its own."""
    quarter = side * OVERSAMPLING / 2
    covers = []
    for place in generator.permutation(4)[:count]:
        radius = generator.uniform(0.34, 0.46) * quarter
        corner = np.array([place // 2, place % 2]) * quarter
        centre = corner + generator.uniform(radius, quarter - radius, 2)
        covers.append(cover_of(form, side, radius, centre, generator.uniform(0, 2 * np.pi)))
    found: NDArray[np.float64] = np.max(covers, axis=0)
    return found


def _ground(
    pattern: str, side: int, strength: float, generator: np.random.Generator
) -> NDArray[np.float64]:
    """(side, side, 3): grey with a pattern in a random direction, and noise."""
    y, x = np.mgrid[:side, :side] / side
    angle, waves = generator.uniform(0, np.pi), generator.uniform(4, 6)
    along, across = (
        np.sin(2 * np.pi * waves * (x * np.cos(turn) + y * np.sin(turn)))
        for turn in (angle, angle + np.pi / 2)
    )
    drawn = {
        "plain": np.zeros((side, side)),
        "stripes": np.sign(along),
        "dots": np.where((along > 0.2) & (across > 0.2), 1.5, -0.5),
        "checks": np.sign(along * across),
    }[pattern]
    noise = generator.normal(0, 4, (side, side, 3))
    ground: NDArray[np.float64] = (
        generator.uniform(70, 185) + 60 * strength * drawn[..., None] + noise
    )
    return ground


def status(params: Params, folder: Path) -> DataStatus:
    return DataStatus(True, "drawn when it is needed")


DATA.add(
    "shapes-labelled",
    DataSpec(
        name="shapes-labelled",
        title="Shapes with four labels",
        tasks=("classify-image", "multi-task"),
        Params=Params,
        description="One to three shapes of one form and one colour on a ground with a pattern; "
        "form, colour, texture and count are drawn apart. The mask of the shapes is known.",
        terms="made here, free",
        load=load,
        status=status,
        gives=lambda params: {"channels": 3, "side": params.side, "heads": tuple(HEADS)},
    ),
)
