"""Pictures in folders named after their classes, as ImageNet's and torchvision's ImageFolder are.

    root/<class>/picture.png                    split here, the same way every time
    root/train/<class>/..., root/test/<class>/...      and val/ or validation/, if there is one

`root` is a folder, a ZIP of one, or a folder with train.zip and test.zip. Decoded pictures are
kept in the folder given, so that a second run starts at once.
"""

import contextlib
import hashlib
import json
import logging
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import psutil

from dlexplain.data.base import (
    SPLITS,
    PictureData,
    Pictures,
    Report,
    Split,
    digest_of,
    split_off,
)
from dlexplain.data.file_kinds import ENDINGS
from dlexplain.data.pictures import read_picture
from dlexplain.data.views import model_view
from dlexplain.errors import DataError, PictureError
from dlexplain.server_files import check_regular
from dlexplain.settings import settings

SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
}
MOST_UNREADABLE = 0.05
"""A larger share of unreadable files is an error."""
UNPACKING = (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What zipfile raises for a damaged, an encrypted or an oddly compressed file."""
NAMED = 3
REPORT_EVERY = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """One picture file: where it is, and by its folders its split (None: not said) and class.

    version  tells a changed file from the old one: the time of change, in a ZIP the checksum
    """

    archive: Path | None
    path: str
    size: int
    version: int
    split: Split | None
    label: str


def read_class_folders(
    root: Path, side: int, shares: tuple[float, float], cache: Path, report: Report
) -> PictureData:
    """Decode every picture to (side, side, 3): short side scaled, then the square in the middle.

    shares  parts of each class for validation and for testing, where folders do not say
    cache   folder for the decoded arrays
    Raises DataError for a missing root, fewer than two classes, too many unreadable files, or more
    pictures than memory holds.
    """
    found = list(_find(root))
    classes = tuple(sorted({f.label for f in found}))
    if len(classes) < 2:
        raise DataError(_too_few(root, found, classes))
    pixels, places, unreadable = _kept_or_decoded(found, side, cache, report)
    notes = _notes(unreadable, len(found))
    read = [found[place] for place in places]
    place_of = {label: place for place, label in enumerate(classes)}
    labels = np.array([place_of[f.label] for f in read], dtype=np.int64)
    parts = _split(labels, [f.split for f in read], shares)
    every = Pictures(pixels, labels)
    for split, part in parts.items():
        if len(part) == 0:
            raise DataError(
                f"{root} leaves no picture of {len(found)} for the {split} part; more are needed"
            )
    return PictureData(
        train=every.take(parts["train"]),
        validation=every.take(parts["validation"]),
        test=every.take(parts["test"]),
        classes=classes,
        digest=digest_of(pixels, labels),
        notes=notes,
    )


def read_given_folders(
    root: Path, side: int, report: Report
) -> tuple[Pictures, tuple[str, ...], tuple[str, ...]]:
    """All pictures at `root`, or the test part's where folders name one, and their classes' names.

    Also notes: how many were resized, and what could not be read.
    Raises DataError for a missing root, one without pictures, or too many unreadable files.
    """
    found = list(_find(root))
    if any(f.split == "test" for f in found):
        found = [f for f in found if f.split == "test"]
    if not found:
        raise DataError(_too_few(root, found, ()))
    pixels, places, unreadable, resized = _decode(found, side, report)
    notes = _notes(unreadable, len(found))
    if resized:
        notes = (
            *notes,
            f"{resized:,} of {len(places):,} pictures were resized: the middle square "
            f"is {side} × {side} for the model",
        )
    classes = tuple(sorted({f.label for f in found}))
    labels = np.array([classes.index(found[place].label) for place in places], np.int64)
    return Pictures(pixels, labels), classes, notes


def _kept_or_decoded(
    found: list[Found], side: int, cache: Path, report: Report
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """(pixels, places in `found` of what could be read, paths of what could not)"""
    said = [[str(f.archive), f.path, f.size, f.version] for f in found]
    key = hashlib.sha256(json.dumps([said, side]).encode()).hexdigest()[:16]
    file = cache / f"pictures-{key}.npz"
    if file.exists():
        report("reading the decoded pictures", None)
        # A file that a power cut left damaged is decoded anew.
        with contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
                return kept["pixels"], kept["places"], [str(n) for n in kept["unreadable"]]
    pixels, places, unreadable, _ = _decode(found, side, report)
    _keep(file, pixels=pixels, places=places, unreadable=np.array(unreadable, dtype=np.str_))
    return pixels, places, unreadable


def _find(root: Path) -> Iterator[Found]:
    """Every picture file, in the order of their paths."""
    if not root.exists():
        raise DataError(f"{root} is not there; a folder or ZIP of class-named folders is accepted")
    if root.is_file():
        yield from _find_in_zip(root)
        return
    archives = sorted(p for p in root.glob("*.zip") if p.stem.lower() in SPLIT_NAMES)
    if archives:
        for archive in archives:
            yield from _find_in_zip(archive)
        return
    named = (p for p in root.rglob("*") if p.suffix.lower()[1:] in ENDINGS)
    for path in sorted(p for p in named if p.is_file()):
        inside = PurePosixPath(path.relative_to(root).as_posix())
        known = path.stat()
        if found := _found(None, str(path), inside, known.st_size, known.st_mtime_ns):
            yield found


def _find_in_zip(archive: Path) -> Iterator[Found]:
    try:
        check_regular(archive)
        with zipfile.ZipFile(archive) as opened:
            entries = sorted(opened.infolist(), key=lambda e: e.filename)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{archive} is no ZIP that can be read ({error}); a folder or ZIP of class-named "
            "folders is accepted"
        ) from error
    whole = SPLIT_NAMES.get(archive.stem.lower())
    for entry in entries:
        inside = PurePosixPath(entry.filename.replace("\\", "/"))  # some of Windows' ZIPs
        if not entry.is_dir() and inside.suffix.lower()[1:] in ENDINGS:
            size, checksum = entry.file_size, entry.CRC
            if found := _found(archive, entry.filename, inside, size, checksum, whole):
                yield found


def _found(
    archive: Path | None,
    path: str,
    inside: PurePosixPath,
    size: int,
    version: int,
    whole: Split | None = None,
) -> Found | None:
    """The class is the picture's own folder; a split's name may stand above it.

    None for hidden files, names that lead out of the folder, and pictures without a class.
    """
    if len(inside.parts) < 2 or is_hidden(inside):
        return None
    above = [SPLIT_NAMES[p.lower()] for p in inside.parts[:-2] if p.lower() in SPLIT_NAMES]
    label = inside.parts[-2]
    if not above and (label.lower() in SPLIT_NAMES or label == "/"):
        return None
    return Found(archive, path, size, version, above[-1] if above else whole, label)


def is_hidden(inside: PurePosixPath) -> bool:
    """Whether it, or a folder above it, is of the system rather than of the user."""
    return any(part.startswith((".", "__")) for part in inside.parts)


def _decode(
    found: list[Found], side: int, report: Report
) -> tuple[np.ndarray, np.ndarray, list[str], int]:
    """(pixels, places in `found`, paths of what could not be read, how many were resized)"""
    check_memory(len(found), side, psutil.virtual_memory().available)
    pixels = np.empty((len(found), side, side, 3), np.uint8)
    places: list[int] = []
    unreadable: list[str] = []
    resized = 0
    archives: dict[Path, zipfile.ZipFile] = {}
    try:
        for index, file in enumerate(found):
            try:
                if file.archive is None:
                    picture = read_picture(Path(file.path))
                else:
                    if file.archive not in archives:
                        archives[file.archive] = zipfile.ZipFile(file.archive)
                    picture = read_picture(unpacked(archives[file.archive], file.path))
            except (PictureError, *UNPACKING):
                unreadable.append(file.path)
                continue
            pixels[len(places)] = model_view(picture, side, side)
            resized += picture.pixels.shape[:2] != (side, side)
            places.append(index)
            if index % REPORT_EVERY == 0:
                report(f"decoding pictures: {index:,} of {len(found):,}", index / len(found))
    finally:
        for opened in archives.values():
            opened.close()
    return pixels[: len(places)], np.array(places, np.int64), unreadable, resized


def check_memory(count: int, side: int, available: int) -> None:
    """Raises DataError where `count` decoded pictures, held twice while split, do not fit."""
    needed = 2 * count * side * side * 3
    if needed > available:
        raise DataError(
            f"{count:,} pictures of {side} × {side} need {needed / 1e9:,.1f} GB of memory, but "
            f"{available / 1e9:,.1f} GB are free; a smaller side or fewer pictures are accepted"
        )


def unpacked(archive: zipfile.ZipFile, path: str | zipfile.ZipInfo) -> bytes:
    """A file's content, or a byte more than is accepted: no bomb is unpacked any further."""
    with archive.open(path) as opened:
        return opened.read(int(settings().max_file_mb * 1e6) + 1)


def _keep(file: Path, **arrays: Any) -> None:
    """Unless the disk is full or may not be written: then they are decoded again next time."""
    part = file.with_name(f"{file.stem}.{os.getpid()}.part.npz")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(part, **arrays)
        os.replace(part, file)
    except OSError as error:
        _log.warning("decoded pictures are not kept: %s", error)
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _notes(unreadable: list[str], total: int) -> tuple[str, ...]:
    if not unreadable:
        return ()
    names = ", ".join(unreadable[:NAMED]) + (" and others" if len(unreadable) > NAMED else "")
    if len(unreadable) > MOST_UNREADABLE * total:
        raise DataError(
            f"{len(unreadable)} of {total} files cannot be read as pictures ({names}); "
            f"at most {MOST_UNREADABLE:.0%} are skipped"
        )
    return (f"{len(unreadable)} of {total} files could not be read and were skipped: {names}",)


def _split(
    labels: np.ndarray, said: list[Split | None], shares: tuple[float, float]
) -> dict[Split, np.ndarray]:
    """Places of each split: as the folders say; what they do not say is split off training."""
    train = np.array([i for i, s in enumerate(said) if s in (None, "train")], np.int64)
    parts: dict[Split, np.ndarray] = {
        split: np.array([i for i, s in enumerate(said) if s == split], np.int64)
        for split in SPLITS[1:]
    }
    left: tuple[tuple[Split, float], ...] = (("test", shares[1]), ("validation", shares[0]))
    for seed, (split, share) in enumerate(left):
        if len(parts[split]) == 0:
            rest, part = split_off(labels[train], share, seed)
            train, parts[split] = train[rest], train[part]
    return {"train": train, **parts}


def _too_few(root: Path, found: list[Found], classes: tuple[str, ...]) -> str:
    if not found:
        return f"{root} has no picture in a class-named folder; looked for <class>/picture.png"
    return f'{root} has one class only, "{classes[0]}"; at least two class-named folders are needed'
