"""How alike two maps of one picture are, of whatever models or methods."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dlexplain.data.views import Part
from dlexplain.evaluation.ranks import spearman, top_intersection
from dlexplain.results import Attribution, MapSimilarity

TOP = 0.1
"""Part of the places that count as the most important."""
LEAST_SIDE = 8
"""Pixels of a side below which structural similarity has no window."""


def similarity(
    first: Attribution, second: Attribution, parts: tuple[Part, Part] | None = None
) -> MapSimilarity:
    """SSIM, Spearman's correlation and the intersection of the top 10% of two maps.

    parts  of the picture that each model saw, see LoadedModel.seen_part; what only one of them saw
           is left out. By default both saw the same

    The finer map is averaged to the grid of the coarser one. For SSIM (Wang et al. 2004,
    https://doi.org/10.1109/TIP.2003.819861) each map is divided by its largest |value|, since two
    models' scores have no common unit.
    """
    one, other = on_one_grid(first.heatmap, second.heatmap, parts)
    signed = first.signed or second.signed
    return MapSimilarity(
        ssim=_ssim(one, other, signed),
        spearman=spearman(one.ravel(), other.ravel()),
        top=top_intersection(one.ravel(), other.ravel(), TOP),
        part=TOP,
        side=one.shape[0],
    )


def on_one_grid(
    first: NDArray[np.float32], second: NDArray[np.float32], parts: tuple[Part, Part] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The part of the picture that is in both, at the coarser of their grids."""
    whole = Part(0, 0, 1, 1)
    one, other = parts or (whole, whole)
    common = Part(
        max(one.left, other.left), max(one.top, other.top),
        min(one.right, other.right), min(one.bottom, other.bottom),
    )  # fmt: skip
    boxes = [_box(common, part, m.shape) for part, m in ((one, first), (other, second))]
    side = max(1, round(min(min(box[2] - box[0], box[3] - box[1]) for box in boxes)))
    found = [
        np.asarray(
            Image.fromarray(m).resize((side, side), Image.Resampling.BOX, box=box), np.float64
        )
        for m, box in zip((first, second), boxes, strict=True)
    ]
    return found[0], found[1]


def _box(common: Part, part: Part, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    """Where the common part lies in a map (height, width) of `part`."""
    height, width = shape[:2]
    across, down = width / (part.right - part.left), height / (part.bottom - part.top)
    return (
        max(0.0, (common.left - part.left) * across),
        max(0.0, (common.top - part.top) * down),
        min(float(width), (common.right - part.left) * across),
        min(float(height), (common.bottom - part.top) * down),
    )


def _ssim(one: NDArray[np.float64], other: NDArray[np.float64], signed: bool) -> float:
    """-1 to 1; NaN where a map is 0 everywhere or too small."""
    sizes = [float(np.abs(m).max()) for m in (one, other)]
    if min(sizes) == 0 or min(one.shape) < LEAST_SIDE:
        return float("nan")
    from skimage.metrics import structural_similarity  # 0.2 s

    span = 2.0 if signed else 1.0
    found = structural_similarity(one / sizes[0], other / sizes[1], data_range=span)  # type: ignore[no-untyped-call]
    return float(found)
