"""Everything of a folder's answers in a ZIP, with what it takes to repeat them."""

import io
import json
import shlex
import zipfile
from typing import Any

from dlexplain.params import Value
from dlexplain.results import ExplainedFolder
from dlexplain.results.folders import map_place
from dlexplain.services.kept import QUESTION
from dlexplain.services.pictures.bundle import versions

MOST_BYTES = 500e6
"""Of the maps; a ZIP of more is made without them."""


def folder_zip(found: ExplainedFolder, sheet: bytes, report: bytes) -> bytes:
    """answers.csv, contact-sheet.png, report.html, recipe.json, and maps/*.npy as the CSV names
    them.

    sheet, report  as drawn by dlexplain.figures
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("answers.csv", found.to_csv())
        archive.writestr("contact-sheet.png", sheet)
        archive.writestr("report.html", report)
        archive.writestr("recipe.json", json.dumps(recipe(found), indent=2))
        for name in map_files(found) if has_maps(found) else ():
            archive.write(found.folder / name, name)
    return buffer.getvalue()


def map_files(found: ExplainedFolder) -> list[str]:
    return sorted({map_place(answer)[0] for answer in found.answers})


def has_maps(found: ExplainedFolder) -> bool:
    """Whether they are in the ZIP."""
    sizes = [(found.folder / name).stat().st_size for name in map_files(found)]
    return sum(sizes) <= MOST_BYTES


def recipe(found: ExplainedFolder) -> dict[str, Any]:
    """What was asked, in words that a machine reads, and the command that asks it again."""
    told = found.to_dict()
    told.pop("answers")
    asked = json.loads((found.folder / QUESTION).read_text("utf-8"))
    return {**told, "question": asked["question"], "versions": versions(), "repeat": repeat(found)}


def repeat(found: ExplainedFolder) -> str:
    """The command that gives the same answers."""
    words = ["python -m dlexplain explain-folder FOLDER_OR_ZIP"]
    words.append(f"--model {shlex.quote(found.model)}")
    words += [f"--rival {shlex.quote(found.rival)}"] if found.rival else []
    words += [f"--method {found.method}", f"--fit {found.fit}"]
    words += [f"--set {key}={_written(value)}" for key, value in found.params.items()]
    return " ".join([*words, "--out DIR"])


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
