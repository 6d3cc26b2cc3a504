"""Files of a shard on their way to whoever works on them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlexplain.data.picture_files import PictureFile, PictureReader
from dlexplain.errors import PictureError

Packed = Mapping[str, Any]
"""A shard on its way: first (the place of its first file) and files, each of which has name,
folder, content (its bytes) and why (a sentence where it could not be read)."""


@dataclass(frozen=True)
class Unpacked:
    """One file; why  a sentence where it could not be read"""

    place: int
    file: PictureFile
    content: bytes
    why: str

    @property
    def row(self) -> dict[str, Any]:
        """What every row has."""
        digest = "" if self.why else hashlib.sha256(self.content).hexdigest()
        return {"place": self.place, "name": self.file.name, "sha256": digest}


def pack(reader: PictureReader, files: Sequence[PictureFile], first: int) -> Packed:
    """Read the files of a shard, as they are."""
    packed = []
    for file in files:
        told = {"name": file.name, "folder": file.folder, "content": b"", "why": ""}
        try:
            found = reader.content(file)
            told["content"] = found.read_bytes() if isinstance(found, Path) else found
        except PictureError as error:
            told["why"] = str(error)
        except OSError as error:
            told["why"] = f"{file.name} cannot be read: {error.strerror or error}"
        packed.append(told)
    return {"first": first, "files": packed}


def unpacked(shard: Packed) -> Iterator[Unpacked]:
    """Its files, in their order."""
    for place, told in enumerate(shard["files"], shard["first"]):
        content = told["content"]
        file = PictureFile(told["name"], told["folder"], len(content), 0, content)
        yield Unpacked(place, file, content, told["why"])
