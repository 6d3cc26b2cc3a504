"""Names of Multi30k's files: a part and a language, packed or not."""

from pathlib import Path

from dlexplain.data.pairs import Pairs, aligned
from dlexplain.errors import DataError

NAMES: dict[str, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("val", "valid", "validation"),
    "test": ("test_2016_flickr", "test2016", "test_2016", "test"),
}
"""By part, the first one found is taken; test_2016_flickr is the source's own."""


def find(folder: Path, part: str, language: str) -> Path:
    """Raises DataError with the names that are accepted."""
    for name in NAMES[part]:
        for ending in ("", ".gz"):
            path = folder / f"{name}.{language}{ending}"
            if path.is_file():
                return path
    accepted = " or ".join(f"{name}.{language}" for name in NAMES[part])
    raise DataError(f"{folder} has no {accepted} (or the same with .gz)")


def read_part(folder: Path, part: str, source: str, target: str) -> tuple[Pairs, str]:
    """(pairs, note); raises DataError where a file is missing or they are not aligned."""
    return aligned(find(folder, part, source), find(folder, part, target))
