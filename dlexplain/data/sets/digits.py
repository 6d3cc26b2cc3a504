"""Handwritten digits, 8x8, 1,797 of them: UCI's Optical Recognition set, in scikit-learn."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dlexplain.data.base import (
    DATA,
    DataSpec,
    DataStatus,
    PictureData,
    Pictures,
    Report,
    digest_of,
    split_off,
)
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """How large they are."""

    side: int = number(
        8,
        "Side, pixels",
        low=8,
        high=64,
        help="8 as they are; more enlarges them, as for a model of larger pictures.",
    )


def load(params: Params, folder: Path, report: Report) -> PictureData:
    """20% of each digit for testing, 10% of the rest for validation; values 0..16 become 0..255."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels = np.round(bunch.images * (255 / 16)).astype(np.uint8)[..., None]
    if params.side != pixels.shape[1]:
        pixels = _enlarged(pixels, params.side)
    every = Pictures(pixels, bunch.target.astype(np.int64))
    rest, test = split_off(every.labels, 0.2, seed=0)
    train, validation = split_off(every.labels[rest], 0.1, seed=1)
    return PictureData(
        train=every.take(rest[train]),
        validation=every.take(rest[validation]),
        test=every.take(test),
        classes=tuple("0123456789"),
        digest=digest_of(every.pixels, every.labels),
    )


def _enlarged(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """(count, 8, 8, 1) -> (count, side, side, 1), bilinear."""
    size, how = (side, side), Image.Resampling.BILINEAR
    pictures = (Image.fromarray(one).resize(size, how) for one in pixels[..., 0])
    return np.stack([np.asarray(picture) for picture in pictures])[..., None]


def status(params: Params, folder: Path) -> DataStatus:
    return DataStatus(True, "comes with scikit-learn")


DATA.add(
    "digits",
    DataSpec(
        name="digits",
        title="Digits, 8 × 8, grey",
        tasks=("classify-image", "autoencode", "vae", "gan"),
        Params=Params,
        description="1,797 handwritten digits of the UCI set, ten classes.",
        terms="CC BY 4.0 (Alpaydin and Kaynak 1998)",
        load=load,
        status=status,
        gives=lambda params: {"channels": 1, "side": params.side},
    ),
)
