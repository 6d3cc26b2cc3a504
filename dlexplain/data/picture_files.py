"""The picture files of a folder or a ZIP: found first, then read one by one within limits.

Nothing of a ZIP is unpacked to the disk, and a file's name is never used as a path: it is only
shown. Each picture goes through `read_picture`, which decides by its content what it is.
"""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dlexplain.data.class_folders import UNPACKING, is_hidden, unpacked
from dlexplain.data.decoding import one_line, reason
from dlexplain.data.file_kinds import ENDINGS
from dlexplain.data.pictures import Picture, read_picture
from dlexplain.errors import BadInput, DataError, PictureError
from dlexplain.server_files import check_link, check_regular
from dlexplain.settings import local_path, settings

RATIO = 100
"""A ZIP of more than HARMLESS bytes may unpack to so many times its size: formats of pictures are
compressed already, so one that grows more is made to fill the memory."""
HARMLESS = 10**9


@dataclass(frozen=True)
class PictureFile:
    """One file.

    name     its path inside the folder or ZIP, as it is shown
    folder   the name of the folder that it lies in, or ""
    size     bytes, unpacked
    version  tells a changed file from the old one: the time of change, in a ZIP the checksum
    where    what is opened, or the content
    """

    name: str
    folder: str
    size: int
    version: int
    where: Path | zipfile.ZipInfo | bytes


@dataclass(frozen=True)
class PictureFiles:
    """What there is to read, in the order of the names.

    name     of the folder or ZIP
    files    named as pictures are
    skipped  sentences on files that are not tried
    archive  the ZIP, or None
    """

    name: str
    files: tuple[PictureFile, ...]
    skipped: tuple[str, ...]
    archive: Path | bytes | None

    @property
    def fingerprint(self) -> str:
        """Changes when a file comes, goes or changes; 16 hex digits."""
        told = [[file.name, file.size, file.version] for file in self.files]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]

    @contextmanager
    def opened(self, used: int = 0) -> "Iterator[PictureReader]":
        """Reads them; used  pixels that earlier readings count for"""
        if self.archive is None:
            yield PictureReader(None, used)
        else:
            with _zip(self.archive, self.name) as archive:
                yield PictureReader(archive, used)


@dataclass(eq=False)
class PictureReader:
    """Reads one file after the other; used  pixels so far"""

    archive: zipfile.ZipFile | None
    used: int = 0

    def read(self, file: PictureFile) -> Picture:
        """Raises PictureError, one sentence; what is refused does not count."""
        limit = settings().max_folder_megapixels
        if self.used < limit * 1e6:
            picture = read_picture(self.content(file), file.name)
            size = picture.pixels.shape[0] * picture.pixels.shape[1]
            if self.used + size <= limit * 1e6:
                self.used += size
                return picture
        raise PictureError(
            f"{one_line(file.name)} is not read: with it the pictures would have more than "
            f"{limit:,.0f} megapixels together"
        )

    def content(self, file: PictureFile) -> Path | bytes:
        """Its bytes, or the path that has them; raises PictureError."""
        name, most = one_line(file.name), settings().max_file_mb
        if file.size > most * 1e6:
            has = "has" if isinstance(file.where, Path | bytes) else "unpacks to"
            raise PictureError(
                f"{name} {has} {file.size / 1e6:,.0f} MB; at most {most:g} MB are accepted"
            )
        if isinstance(file.where, Path | bytes):
            return file.where
        assert self.archive is not None
        try:
            return unpacked(self.archive, file.where)
        except UNPACKING as error:
            raise PictureError(
                f"{name} cannot be unpacked ({reason(error)}); a whole file that is not encrypted "
                "is accepted"
            ) from error


def find_pictures(
    source: str | Path | bytes, name: str = "", most: int | None = None
) -> PictureFiles:
    """All files of a folder or ZIP that are named as pictures are, those in folders below too.

    source  a folder, a ZIP, or a ZIP's bytes
    name    shown to people; by default that of the folder or file
    most    files that are accepted, by default settings().max_folder_pictures
    Raises DataError where there are none, or more than that, or the ZIP is damaged or
    would grow out of proportion.
    """
    if most is None:
        most = settings().max_folder_pictures
    if isinstance(source, bytes):
        return _in_zip(source, one_line(name or "the ZIP"), len(source), most)
    try:
        root = local_path(source)
    except BadInput as error:
        raise DataError(str(error)) from error
    name = one_line(name or root.name or str(root))
    if root.is_dir():
        return _in_folder(root, name, most)
    if root.is_file():
        return _in_zip(root, name, root.stat().st_size, most)
    raise DataError(f"{root} is not there; a folder or ZIP of pictures is accepted")


def _in_folder(root: Path, name: str, most: int) -> PictureFiles:
    found, others = [], 0
    for path, inside in _walk(root):
        if inside.suffix.lower()[1:] not in ENDINGS:
            others += 1
            continue
        try:
            check_link(path)
            known = path.stat()
        except OSError:  # gone meanwhile, or a link that leads nowhere: reading it says so
            found.append(_file(inside, 0, 0, path))
        else:
            found.append(_file(inside, known.st_size, known.st_mtime_ns, path))
        _check_count(len(found), name, most)
    return _listed(name, found, _others(others), None)


def _walk(root: Path) -> Iterator[tuple[Path, PurePosixPath]]:
    """Files that are not hidden, and their paths inside; links to folders are not followed."""
    for folder, below, names in os.walk(root):
        below[:] = [each for each in below if not is_hidden(PurePosixPath(each))]
        for each in names:
            path = Path(folder, each)
            inside = PurePosixPath(path.relative_to(root).as_posix())
            if not is_hidden(inside):
                yield path, inside


def _in_zip(archive: Path | bytes, name: str, size: int, most: int) -> PictureFiles:
    with _zip(archive, name) as opened:
        entries = [entry for entry in opened.infolist() if not entry.is_dir()]
    found, skipped, others = [], [], 0
    for entry in entries:
        inside = PurePosixPath(entry.filename.replace("\\", "/"))  # some of Windows' ZIPs
        if inside.is_absolute() or ".." in inside.parts:
            skipped.append(f"{one_line(entry.filename)} is left out: its name leads out of the ZIP")
        elif is_hidden(inside):
            continue
        elif inside.suffix.lower()[1:] in ENDINGS:
            found.append(_file(inside, entry.file_size, entry.CRC, entry))
        else:
            others += 1
    _check_count(len(found), name, most)
    total = sum(file.size for file in found)
    if total > max(HARMLESS, RATIO * size):
        raise DataError(
            f"{name} would unpack to {total / 1e9:,.1f} GB, {total / size:,.0f} times its size; up "
            f"to {RATIO} times is accepted"
        )
    return _listed(name, found, (*skipped, *_others(others)), archive)


def _file(
    inside: PurePosixPath, size: int, version: int, where: Path | zipfile.ZipInfo
) -> PictureFile:
    # A name that is no text, as Linux allows, is shown with marks in its place.
    name = str(inside).encode("utf-8", "replace").decode()
    return PictureFile(name, inside.parent.name, size, version, where)


def _listed(
    name: str, found: list[PictureFile], skipped: tuple[str, ...], archive: Path | bytes | None
) -> PictureFiles:
    if not found:
        endings = ", ".join(f".{ending}" for ending in ENDINGS)
        raise DataError(f"{name} has no picture; looked for {endings}")
    return PictureFiles(name, tuple(sorted(found, key=lambda f: f.name)), skipped, archive)


def _others(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    many = f"{count:,} files are" if count > 1 else "1 file is"
    return (f"{many} left out, not named as pictures are",)


def _check_count(count: int, name: str, most: int) -> None:
    if count > most:
        raise DataError(
            f"{name} has more than {most:,} pictures; up to {most:,} are accepted "
            "(DLEXPLAIN_MAX_FOLDER_PICTURES)"
        )


@contextmanager
def _zip(archive: Path | bytes, name: str) -> Iterator[zipfile.ZipFile]:
    """Open; raises DataError for what is no ZIP."""
    try:
        if isinstance(archive, Path):
            check_regular(archive)
        opened = zipfile.ZipFile(io.BytesIO(archive) if isinstance(archive, bytes) else archive)
    except UNPACKING as error:
        raise DataError(
            f"{name} is no ZIP that can be read ({reason(error)}); a folder or ZIP of pictures is "
            "accepted"
        ) from error
    with opened:
        yield opened
