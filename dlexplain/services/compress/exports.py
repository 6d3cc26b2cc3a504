"""What was exported where: a list in the home folder; no torch."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from dlexplain.errors import BadInput
from dlexplain.execution.files import append_lines, whole_lines
from dlexplain.execution.paths import exports_file, exports_folder
from dlexplain.people import here
from dlexplain.results.exports import Export
from dlexplain.results.words import size
from dlexplain.rights import sees
from dlexplain.settings import settings

MOST = 500
"""That are shown, the latest."""


def note_export(done: Export) -> None:
    """Add it to the list; raises BadInput where the disk does not take it."""
    file = exports_file(settings().home)
    try:
        append_lines(file, [json.dumps({**done.to_dict(), "owner": here().email})])
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror or error}") from error


def exports(model: str = "") -> tuple[Export, ...]:
    """The latest first, of all models where none is given; lines that are damaged are left out."""
    found = [one for one in _read() if model in ("", one.model)]
    return tuple(reversed(found[-MOST:]))


def export_rows(found: tuple[Export, ...]) -> list[dict[str, str]]:
    """For a table."""
    return [
        {
            "Model": one.title,
            "Format": one.format,
            "Where": one.path,
            "There": "yes" if Path(one.path).exists() else "no longer",
            "Size": size(one.bytes),
            "Largest difference": f"{one.difference:.2g} of {one.scale:.3g}",
            "Inputs checked": str(one.checked),
            "Opset": str(one.opset or ""),
            "Date": one.date[:16].replace("T", " "),
        }
        for one in found
    ]


def new_file(model: str, form: str) -> Path:
    """Where an export of a page goes: a name in the home folder that is not taken yet."""
    folder = exports_folder(settings().home)
    name = re.sub(r"[^\w.-]+", "-", Path(model).name) or "model"
    ending = "" if form == "safetensors" else f".{form}"
    stems = (name, *(f"{name}-{number}" for number in range(2, 10_000)))
    return next(
        f for stem in stems if not (f := folder / f"{_plain(stem, ending)}{ending}").exists()
    )


def _plain(stem: str, ending: str) -> str:
    """A folder's name without a dot, which would be read as an ending."""
    return stem if ending else stem.replace(".", "-")


def _read() -> Iterator[Export]:
    try:
        lines = whole_lines(exports_file(settings().home))[0]
    except OSError:
        return
    for line in lines:
        try:
            told = json.loads(line)
            owner = str(told.pop("owner", "")) if isinstance(told, dict) else ""
            if sees(here(), owner):
                yield Export.from_dict(told)
        except (ValueError, RecursionError):  # BadInput is a ValueError
            continue
