"""What methods find of planted shortcuts, as it comes along: JSON files; no torch."""

import json
from pathlib import Path

from dlexplain.execution import paths
from dlexplain.execution.files import write_whole
from dlexplain.results.shortcuts import ShortcutTest
from dlexplain.services.shipped_results import read_one


def shipped(reads: str) -> ShortcutTest | None:
    """Of a model that reads picture, text or series; None where none comes along."""
    return read_one(paths.shipped_shortcut(reads), ShortcutTest.from_dict)


def ship(found: ShortcutTest, reads: str) -> Path:
    """Put it where the page finds it."""
    file = paths.shipped_shortcut(reads)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, (json.dumps(found.to_dict(), indent=1) + "\n").encode())
    return file
