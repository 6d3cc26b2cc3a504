"""CIFAR-10: 50,000 + 10,000 pictures of 32x32 in ten classes.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009,
https://www.cs.toronto.edu/~kriz/cifar.html. Read from the public source in its binary form, or
from a local folder or archive: the binary files, the .tar.gz of them, or class-named folders.
"""

import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
from dlexplain.data.class_folders import read_class_folders
from dlexplain.data.download import download
from dlexplain.errors import DataError
from dlexplain.params import number, text
from dlexplain.server_files import check_regular, read_regular
from dlexplain.settings import local_path

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
TRAIN_FILES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST_FILE = "test_batch.bin"
RECORD = 1 + 3 * 32 * 32
LARGEST = 10_000 * RECORD
"""Bytes of each binary file."""


@dataclass(frozen=True)
class Params:
    """Where it is, and how much of the training part is held back."""

    path: str = text(
        "",
        "Folder or archive",
        help="Empty fetches it once (170 MB) from its public source. "
        "Else the binary files, their .tar.gz, or class-named folders or ZIPs of pictures.",
    )
    validation: float = number(
        0.1,
        "For validation",
        low=0.01,
        high=0.5,
        step=0.01,
        help="Part of each class of the training pictures that is held back.",
    )


def load(params: Params, folder: Path, report: Report) -> PictureData:
    """Raises DataError when it is neither there nor can be fetched, or is not CIFAR-10."""
    root = local_path(params.path) if params.path else _archive(folder)
    if not params.path:
        download(URL, root, report, MD5)
    if not root.exists():
        raise DataError(f"{root} is not there; CIFAR-10's folder or archive is accepted")
    if not _is_binary(root):
        shares = (params.validation, params.validation)
        data = read_class_folders(root, 32, shares, folder / "cifar10", report)
        if data.classes != CLASSES:
            found = ", ".join(data.classes[:5])
            raise DataError(
                f"{root} is not CIFAR-10: its classes are {found} and so on; "
                f"{', '.join(CLASSES)} are accepted"
            )
        return data
    report("reading CIFAR-10", None)
    files = {n: c for n, c in _binary_files(root) if n in (*TRAIN_FILES, TEST_FILE)}
    missing = [name for name in (*TRAIN_FILES, TEST_FILE) if name not in files]
    if missing:
        raise DataError(f"{root} lacks {', '.join(missing)} of CIFAR-10's binary files")
    for name, content in files.items():
        if len(content) == 0 or len(content) % RECORD or len(content) > LARGEST:
            raise DataError(
                f"{root} is damaged: {name} has {len(content)} bytes; a multiple of {RECORD} up "
                f"to {LARGEST} is accepted"
            )
    every = _pictures(b"".join(files[name] for name in TRAIN_FILES), root)
    train, validation = split_off(every.labels, params.validation, seed=1)
    return PictureData(
        train=every.take(train),
        validation=every.take(validation),
        test=_pictures(files[TEST_FILE], root),
        classes=CLASSES,
        digest=digest_of(every.pixels, every.labels),
    )


def _archive(folder: Path) -> Path:
    return folder / "cifar10" / "cifar-10-binary.tar.gz"


def _is_binary(root: Path) -> bool:
    return root.name.endswith((".tar.gz", ".tgz", ".tar")) or bool(_bin_folder(root))


def _bin_folder(root: Path) -> Path | None:
    places = (root, root / "cifar-10-batches-bin")
    return next((place for place in places if (place / TEST_FILE).exists()), None)


def _binary_files(root: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each .bin file; nothing is unpacked onto the disk."""
    inside = _bin_folder(root)
    if inside is not None:
        for path in sorted(inside.glob("*.bin")):
            try:
                yield path.name, read_regular(path)
            except OSError as error:
                raise DataError(f"{path} cannot be read: {error.strerror}") from error
        return
    try:
        check_regular(root)
        with tarfile.open(root) as archive:
            for member in archive:
                wanted = member.isfile() and member.name.endswith(".bin")
                opened = archive.extractfile(member) if wanted else None
                if opened is not None:
                    yield Path(member.name).name, opened.read(LARGEST + 1)
            while archive.fileobj is not None and archive.fileobj.read(LARGEST):
                pass  # to the end, where gzip compares its checksum
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{root} is no tar archive that can be read ({error}); CIFAR-10's .tar.gz is accepted"
        ) from error


def _pictures(content: bytes, root: Path) -> Pictures:
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    labels = records[:, 0].astype(np.int64)
    if labels.max() >= len(CLASSES):
        raise DataError(f"{root} is not CIFAR-10: it has a label {labels.max()}; 0 to 9 are known")
    pixels = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Pictures(np.ascontiguousarray(pixels), labels)


def status(params: Params, folder: Path) -> DataStatus:
    if params.path:
        return local_status(params.path, "the path of CIFAR-10's folder or archive")
    return fetched_status(_archive(folder), URL, 170)


DATA.add(
    "cifar10",
    DataSpec(
        name="cifar10",
        title="CIFAR-10",
        tasks=("classify-image", "autoencode", "vae", "gan"),
        Params=Params,
        description="60,000 colour pictures of 32 × 32 in ten classes: the article's case 1.",
        terms="Krizhevsky 2009; no licence file",
        load=load,
        status=status,
        gives=lambda params: {"channels": 3, "side": 32},
    ),
)
