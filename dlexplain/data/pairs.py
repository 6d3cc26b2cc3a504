"""Pairs of texts, a source and its translation, and reading them from aligned files."""

import gzip
import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.text_bytes import decoded
from dlexplain.errors import DataError
from dlexplain.server_files import read_regular


@dataclass(frozen=True, eq=False)
class Pairs:
    """One split; source and target are aligned."""

    source: tuple[str, ...]
    target: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True, eq=False)
class PairData:
    """A data set of pairs with fixed splits.

    languages  names of source and target, such as ("en", "de")
    notes      sentences that its user should know, such as how many lines were skipped
    """

    train: Pairs
    validation: Pairs
    test: Pairs
    languages: tuple[str, str]
    digest: str
    notes: tuple[str, ...] = ()


def pairs_digest(*parts: Pairs) -> str:
    """A short SHA-256 over all texts, to tell data sets apart."""
    digest = hashlib.sha256()
    for part in parts:
        for text in (*part.source, "", *part.target, ""):
            digest.update(text.encode() + b"\n")
    return digest.hexdigest()[:16]


def read_lines(path: Path) -> list[str]:
    """Lines of a UTF-8 text file, or of one packed by gzip; raises DataError."""
    try:
        content = read_regular(path)
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        text = decoded(content)
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text (byte {error.start})") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read ({error}); a text file or .gz is accepted"
        ) from error
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def aligned(source: Path, target: Path) -> tuple[Pairs, str]:
    """(pairs of two files, a note on what was skipped or ""); raises DataError."""
    left, right = read_lines(source), read_lines(target)
    if len(left) != len(right):
        raise DataError(
            f"{source} has {len(left):,} lines and {target} {len(right):,}; aligned files have as "
            "many"
        )
    pairs, skipped = clean(zip(left, right, strict=True))
    if not len(pairs):
        raise DataError(f"{source} and {target} have no pair of texts")
    note = (
        f"{skipped:,} of {len(left):,} lines of {source.name} had an empty side" if skipped else ""
    )
    return pairs, note


def clean(rows: Iterable[tuple[str, str]]) -> tuple[Pairs, int]:
    """(pairs whose both sides say something, how many do not)."""
    stripped = [(a.strip(), b.strip()) for a, b in rows]
    kept = [(a, b) for a, b in stripped if a and b]
    pairs = Pairs(tuple(a for a, _ in kept), tuple(b for _, b in kept))
    return pairs, len(stripped) - len(kept)


def split_by_source(
    pairs: Pairs, validation: float, test: float, seed: int = 0
) -> tuple[Pairs, Pairs, Pairs]:
    """(train, validation, test); equal sources fall into the same part, each part has one."""
    places: dict[str, list[int]] = {}
    for index, text in enumerate(pairs.source):
        places.setdefault(text, []).append(index)
    texts = sorted(places)
    if len(texts) < 3:
        raise DataError(f"{len(texts)} different sources are too few; 3 or more can be split")
    order = np.random.default_rng(seed).permutation(len(texts))
    tests = max(1, round(len(texts) * test))
    validations = max(1, round(len(texts) * validation))
    cuts = (tests, min(tests + validations, len(texts) - 1))
    parts = (order[cuts[1] :], order[cuts[0] : cuts[1]], order[: cuts[0]])

    def take(chosen: NDArray[np.int64]) -> Pairs:
        rows = sorted(row for at in chosen for row in places[texts[at]])
        return Pairs(tuple(pairs.source[r] for r in rows), tuple(pairs.target[r] for r in rows))

    return take(parts[0]), take(parts[1]), take(parts[2])
