"""Pictures for pages: uploads, shots of the camera, the samples that pip packages carry, and the
test pictures that a run has kept."""

import base64
import io
import zipfile
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from dlexplain.data.decoding_apart import start_ahead
from dlexplain.data.file_kinds import ENDINGS, FORMATS_IN_WORDS
from dlexplain.data.fit import Fit, read_fit
from dlexplain.data.picture_files import PictureFiles, find_pictures
from dlexplain.data.pictures import Picture, declared_pixels, read_picture
from dlexplain.data.samples import (
    SAMPLES,
    give_samples,
    read_sample,
    sample,
    sample_names,
    sample_path,
)
from dlexplain.errors import DlexplainError
from dlexplain.execution.paths import results_file
from dlexplain.results import ClassName
from dlexplain.services.pictures.cards import picture_card
from dlexplain.settings import settings
from dlexplain.trained.catalogue import trained
from dlexplain.trained.heads import Head, as_single, heads_of, without_head

UNREADABLE = (OSError, KeyError, ValueError, IndexError, EOFError, zipfile.BadZipFile)
"""What NumPy raises on an archive that is damaged or lacks an array."""

__all__ = [
    "ENDINGS",
    "FORMATS_IN_WORDS",
    "SAMPLES",
    "Fit",
    "KnownPicture",
    "Picture",
    "PictureFiles",
    "declared_pixels",
    "find_pictures",
    "give_samples",
    "kept_pictures",
    "png_address",
    "read_fit",
    "read_picture",
    "read_sample",
    "sample",
    "sample_files",
    "sample_names",
    "start_ahead",
]


@dataclass(frozen=True)
class KnownPicture:
    """A picture of a run's test part, with its class as its data set says it."""

    picture: Picture
    truth: ClassName


def png_address(picture: Picture, side: int = 48) -> str:
    """A small picture as a data: address, enlarged without blur or shrunk to about `side`."""
    image = Image.fromarray(picture.pixels)
    if max(image.size) < side:
        factor = -(-side // max(image.size))
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.BOX)
    image.thumbnail((2 * side, 2 * side))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def kept_pictures(run: str) -> tuple[KnownPicture, ...]:
    """The test pictures that a finished run has kept; () where it kept none that can be read.

    run  its id, of one with several heads that of the first, or the name of one of its heads
    """
    file = results_file(settings().home, without_head(run))
    try:
        version = file.stat().st_mtime_ns
        trained(run)  # whether who asks may look at it; what is kept below is so for all
    except (OSError, ValueError, DlexplainError):  # ValueError of a name that no file can have
        return ()
    return _kept(run, version)


@lru_cache(maxsize=16)  # a page asks at each of its runs
def _kept(run: str, version: int) -> tuple[KnownPicture, ...]:
    try:
        model = as_single(trained(run)) if run == without_head(run) else trained(run)
        classes = picture_card(model).classes
        file = results_file(settings().home, without_head(run))
        with np.load(file, allow_pickle=False) as arrays:
            pixels, labels = arrays["samples_pixels"], arrays["samples_labels"]
        if isinstance(model, Head):  # (pictures, heads)
            labels = labels[:, list(heads_of(model.whole)).index(model.head)]
        return tuple(
            KnownPicture(
                read_picture(picture, f"test picture {index + 1}"),
                ClassName(int(label), "", classes[int(label)]),
            )
            for index, (picture, label) in enumerate(zip(pixels, labels, strict=True))
        )
    # Whoever loads the model is told what is wrong with its files.
    except (DlexplainError, *UNREADABLE):
        return ()


@lru_cache(maxsize=1)
def sample_files() -> PictureFiles:
    """The samples that come along, as a ZIP of them would be."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for one in SAMPLES:
            path = sample_path(one.key)
            # Of a fixed date, so that answers are found again by the fingerprint.
            packed.writestr(zipfile.ZipInfo(f"{one.key}{path.suffix}"), path.read_bytes())
    return find_pictures(content.getvalue(), "the samples")
