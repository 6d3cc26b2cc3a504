"""A disk that is really full: a small tmpfs where that may be mounted, else a file size limit."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 2**20
LARGEST = 10_000
"""Bytes of a file where the size of files is limited: less than a checkpoint has."""


@dataclass
class FullDisk:
    """`full()` fills the disk while inside; `says` is the system's sentence for it."""

    folder: Path
    mounted: bool

    @property
    def says(self) -> str:
        return "No space left on device" if self.mounted else "File too large"

    def fill(self) -> None:
        if self.mounted:
            ballast = os.open(self.folder / "ballast", os.O_WRONLY | os.O_CREAT)
            with suppress(OSError):  # full
                while True:
                    os.write(ballast, bytes(MEGABYTE))
            os.close(ballast)
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, resource.RLIM_INFINITY))

    def free(self) -> None:
        if self.mounted:
            (self.folder / "ballast").unlink(missing_ok=True)
        else:
            unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)

    @contextmanager
    def full(self) -> Iterator[None]:
        self.fill()
        try:
            yield
        finally:
            self.free()


@contextmanager
def full_disk(folder: Path, megabytes: int = 8, mount: bool = True) -> Iterator[FullDisk]:
    """A folder of its own, on a disk of this size; or without mounting one, where that is said."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    try:
        mounted = mount and subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    disk = FullDisk(folder, mounted)
    try:
        yield disk
    finally:
        disk.free()
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
