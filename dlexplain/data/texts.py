"""Texts with classes, and reading them from `text<TAB>label` lines."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.base import split_off
from dlexplain.data.text_bytes import decoded
from dlexplain.errors import DataError
from dlexplain.params import from_digits
from dlexplain.server_files import read_regular

HEADER = "label"
"""What a heading has in the label's place, such as GLUE's."""
NAMED = 5


@dataclass(frozen=True, eq=False)
class Texts:
    """One split; labels (count,) int64, positions in TextData.classes.

    heads  (count, labels) likewise in TextData.heads' classes, of data with several labels a text;
           data.base.UNKNOWN where one is missing
    """

    texts: tuple[str, ...]
    labels: NDArray[np.int64]
    heads: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, places: NDArray[np.int64]) -> "Texts":
        heads = None if self.heads is None else self.heads[places]
        return Texts(tuple(self.texts[place] for place in places), self.labels[places], heads)


@dataclass(frozen=True, eq=False)
class TextData:
    """Texts with classes and fixed splits; notes are what its user should know.

    heads  as PictureData's
    """

    train: Texts
    validation: Texts
    test: Texts
    classes: tuple[str, ...]
    digest: str
    notes: tuple[str, ...] = ()
    heads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def make_texts(
    train: Texts,
    validation: Texts,
    test: Texts,
    classes: tuple[str, ...],
    notes: tuple[str, ...] = (),
) -> TextData:
    """With the digest of all texts and labels."""
    digest = hashlib.sha256(repr(classes).encode())
    for part in (train, validation, test):
        digest.update(repr((part.texts, part.labels.tolist())).encode())
    return TextData(train, validation, test, classes, digest.hexdigest()[:16], notes)


def cut(every: Texts, validation: float, test: float, seed: int = 1) -> tuple[Texts, Texts, Texts]:
    """(train, validation, test) with these shares of each class; the same at every call."""
    rest, tested = split_off(every.labels, test, seed)
    train, held = split_off(every.labels[rest], validation / (1 - test), seed)
    return every.take(rest[train]), every.take(rest[held]), every.take(tested)


def read_labelled(path: Path, classes: Sequence[str]) -> Texts:
    """Lines of `text<TAB>label`, where a label is a class or its position.

    A heading line and empty lines are passed over. Raises DataError, naming the first bad line.
    """
    texts, labels = [], []
    for number, line in enumerate(read_lines(path), 1):
        text, tab, label = line.rpartition("\t")
        label = label.strip()
        if not line.strip() or (number == 1 and label.lower() == HEADER):
            continue
        if not tab:
            raise DataError(f"line {number} of {path} has no tab; text<TAB>label is accepted")
        texts.append(text.strip())
        labels.append(place_of_label(label, classes, f"line {number} of {path}"))
    if not texts:
        raise DataError(f"{path} has no line of text<TAB>label")
    return Texts(tuple(texts), np.array(labels, np.int64))


def read_lines(path: Path) -> list[str]:
    """Of a UTF-8 file; raises DataError."""
    try:
        return decoded(read_regular(path)).replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error})") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def place_of_label(label: str, classes: Sequence[str], where: str) -> int:
    """Of a class, or of its position in figures; raises DataError, which says where it stood."""
    if label in classes:
        return list(classes).index(label)
    if label.isascii() and 0 <= from_digits(label) < len(classes):
        return int(label)
    known = ", ".join(classes[:NAMED]) + (" and so on" if len(classes) > NAMED else "")
    raise DataError(
        f'{where} has the label "{label}"; {known} or 0 to {len(classes) - 1} are accepted'
    )
