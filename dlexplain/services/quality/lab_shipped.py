"""What methods find of planted shortcuts, as it comes along: JSON files; no torch."""

from pathlib import Path

from dlexplain.execution import paths
from dlexplain.results.shortcuts import ShortcutTest
from dlexplain.services.shipped_results import put_in, read_one


def shipped(reads: str) -> ShortcutTest | None:
    """Of a model that reads picture, text or series; None where none comes along."""
    return read_one(paths.shipped_shortcut(reads), ShortcutTest.from_dict)


def ship(found: ShortcutTest, reads: str) -> Path:
    """Put it where the page finds it."""
    file = paths.shipped_shortcut(reads)
    put_in(file, found)
    return file
