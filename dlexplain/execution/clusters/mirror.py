"""A second place of what runs on a cluster have: any address of fsspec, such as s3://bucket/runs.

It is laid out as the folder "runs" of a home folder, so that a home folder that was lost is made
again from it: copy it there, and the states file is made anew from the runs' files.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlexplain.errors import RunError
from dlexplain.execution import paths


class Mirror:
    """Copies of one run's files at an address.

    report  is told, in a sentence, where something could not be copied; training goes on
    """

    def __init__(self, address: str, home: Path, run: str, report: Callable[[str], None]) -> None:
        self.address, self.run, self.report = address.rstrip("/"), run, report
        self.base = paths.run_folder(home, run).parent
        self.files, self.root = _opened(self.address)
        self.failed: set[Path] = set()

    def take(self, file: Path) -> None:
        """Copy a file, or remove the copy of one that is gone; what failed before is tried again.

        Whole or not at all, as far as the place can: it is written under another name and moved,
        unless it is an object store, where a file appears when it is complete.
        """
        self.failed.add(file)
        for wanted in sorted(self.failed):
            place = f"{self.root}/{wanted.relative_to(self.base).as_posix()}"
            try:
                self._copy(wanted, place)
            except Exception as error:  # each place's package raises its own kinds
                self.report(
                    f"not everything could be copied to {shown(self.address)}: {_first(error)}"
                )
                return
            self.failed.discard(wanted)

    def _copy(self, file: Path, place: str) -> None:
        if not file.exists():
            if self.files.exists(place):
                self.files.rm_file(place)
            return
        self.files.makedirs(place.rpartition("/")[0], exist_ok=True)
        part = f"{place}.part"
        whole = self.files.protocol in ("file", ("file", "local"))
        self.files.put_file(str(file), part if whole else place)
        if whole:
            self.files.mv(part, place)


def check_mirror(address: str) -> None:
    """Raises RunError where nothing can be written at the address."""
    files, root = _opened(address.rstrip("/"))
    try:
        files.makedirs(root, exist_ok=True)
        files.pipe_file(f"{root}/.dlexplain", b"")
        files.rm_file(f"{root}/.dlexplain")
    except Exception as error:
        raise RunError(
            f"nothing can be written at DLEXPLAIN_CHECKPOINTS, {shown(address)}: {_first(error)}"
        ) from error


def shown(address: str) -> str:
    """An address without the user and the password that it may hold."""
    scheme, mark, rest = address.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


def _opened(address: str) -> tuple[Any, str]:
    """The place's file system and the path in it; raises RunError."""
    import fsspec

    try:
        files, root = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise RunError(
            f'DLEXPLAIN_CHECKPOINTS is "{shown(address)}"; it takes an address that fsspec knows, '
            "such as file:///shared/runs, or s3://bucket/runs with the package s3fs: "
            f"{_first(error)}"
        ) from error
    return files, str(root)


def _first(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
