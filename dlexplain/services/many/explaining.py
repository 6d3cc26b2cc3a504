"""The work on one shard of pictures: classes, probabilities and maps; the same on every machine."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlexplain.data.picture_files import PictureFile, PictureReader
from dlexplain.errors import PictureError, RunError
from dlexplain.explainers.batching import BatchSizes, Kind
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.prepare import Prepared
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.services.loading import load
from dlexplain.services.many.rows import map_columns, to_parquet
from dlexplain.services.pictures.folder_store import Fresh, Refused
from dlexplain.services.pictures.folder_work import FolderWork, Seen
from dlexplain.services.pictures.models import LoadedModel

MAKER = "dlexplain.services.many.explaining:explaining"
"""What makes the work on another machine."""
CHUNK = 32
"""Pictures or evaluations at once: measured sizes would differ from machine to machine, and so
would the last digits."""
Packed = Mapping[str, Any]
"""A shard on its way: first (the place of its first file) and files, each of which has name,
folder, content (its bytes) and why (a sentence where it could not be read)."""


class SameSizes(BatchSizes):
    """CHUNK, or less where memory allowed no more."""

    def get(self, model: Prepared, kind: Kind) -> int:
        return self._known.get(self._key(model, kind), CHUNK)


def explaining(
    model: str, fingerprint: str, method: str, params: dict[str, Value], fit: str
) -> "ExplainShards":
    """The work by what was asked; raises RunError where the model of that name is another here."""
    loaded = load(LoadedModel, model)
    if loaded.prepared.fingerprint != fingerprint:
        raise RunError(
            f"{model} has other weights here than where the job was asked; both need the same"
        )
    return ExplainShards(FolderWork.of(loaded, None, method, params, fit, SameSizes()))


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


class ExplainShards:
    """Shard -> its rows as a Parquet file."""

    def __init__(self, work: FolderWork) -> None:
        self.work = work

    @random_state_kept()
    def __call__(self, shard: Packed, progress: Progress | None = None) -> bytes:
        """Raises Incompatible, or Cancelled where the progress, which counts pictures, says so."""
        progress = progress or Progress()
        rows: dict[int, dict[str, Any]] = {}
        seen: list[Seen] = []
        reader = PictureReader(None)
        for place, told in enumerate(shard["files"], shard["first"]):
            content = told["content"]
            digest = "" if told["why"] else hashlib.sha256(content).hexdigest()
            rows[place] = {"place": place, "name": told["name"], "sha256": digest}
            found: Seen | Refused = Refused(place, told["why"])
            if not told["why"]:
                file = PictureFile(told["name"], told["folder"], len(content), 0, content)
                found = self.work.see(reader, place, file)
            if isinstance(found, Seen):
                seen.append(found)
            else:
                rows[place] |= {"error": found.why}
                progress.advance(1)
        at_once = self.work.at_once
        for start in range(0, len(seen), at_once):
            for made in self.work.answer(seen[start : start + at_once], progress):
                place = made.place if isinstance(made, Refused) else made.answer.place
                rows[place] |= _columns(made)
                progress.advance(1)
        return to_parquet([rows[place] for place in sorted(rows)])


def _columns(made: Fresh | Refused) -> dict[str, Any]:
    if isinstance(made, Refused):
        return {"error": made.why}
    answer = made.answer
    if not np.isfinite(made.map).all():
        return {"error": f"{answer.name} gets a map that is not finite"}
    return {
        "class_index": answer.top.name.index,
        "class": answer.top.name.label,
        "probability": answer.top.probability,
        "entropy_bits": answer.entropy,
        "probabilities": made.probabilities.astype(np.float32),
        "truth": answer.truth.label if answer.truth else None,
        "width": answer.size[0],
        "height": answer.size[1],
        **map_columns(made.map),
        "note": answer.note,
    }
