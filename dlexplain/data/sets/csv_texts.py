"""Your own texts: any CSV with a column of texts and one of labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dlexplain.data.base import DATA, DataSpec, DataStatus, Report, local_status
from dlexplain.data.text_bytes import decoded, text_frame
from dlexplain.data.texts import TextData, Texts, cut, make_texts, place_of_label
from dlexplain.errors import DataError
from dlexplain.params import number
from dlexplain.params import text as text_param
from dlexplain.settings import local_path

TEXT, LABEL = "text", "label"
"""Headings, unless others are chosen."""
MOST_CLASSES = 1000
LEAST = 3
"""Texts of each class: one for each part."""


@dataclass(frozen=True)
class Params:
    """Which file and columns, and what is held back."""

    path: str = text_param(
        "", "CSV", help="UTF-8 or UTF-16, with a heading; commas, semicolons or tabs."
    )
    text: str = text_param(TEXT, "Text column", help="Its heading.")
    label: str = text_param(LABEL, "Label column", help="Its heading.")
    validation: float = number(
        0.15, "For validation", low=0.05, high=0.4, step=0.05, help="Part of each class."
    )
    test: float = number(0.15, "For testing", low=0.05, high=0.4, step=0.05, help="Likewise.")


def load(params: Params, folder: Path, report: Report) -> TextData:
    """Raises DataError for a missing file or column, no rows, one class, or a class too small."""
    if not params.path:
        raise DataError("path is empty; give a CSV with a text and a label column")
    path = local_path(params.path)
    rows, gaps = _rows(path, params.text, params.label)
    classes, counts = np.unique([label for _, label in rows], return_counts=True)
    _check(path, classes.tolist(), counts.tolist())
    place_of = {name: index for index, name in enumerate(classes.tolist())}
    labels = np.array([place_of[label] for _, label in rows], np.int64)
    notes = (f"{gaps:,} rows without a text or a label were skipped",) if gaps else ()
    every = Texts(tuple(text for text, _ in rows), labels)
    parts = cut(every, params.validation, params.test)
    return make_texts(*parts, tuple(place_of), notes)


def read_rows(path: Path, classes: Sequence[str]) -> Texts:
    """The columns text and label of a CSV, where a label is a class or its position.

    Raises DataError for a missing file or column, no rows, or another label.
    """
    rows, _ = _rows(path, TEXT, LABEL)
    labels = [place_of_label(label, classes, f"a row of {path}") for _, label in rows]
    return Texts(tuple(text for text, _ in rows), np.array(labels, np.int64))


def _rows(path: Path, text: str, label: str) -> tuple[list[tuple[str, str]], int]:
    """Texts with their labels, and how many rows lack one of the two."""
    frame = _read(path)
    for name in (text, label):
        if name not in frame:
            raise DataError(f'{path} has no column "{name}"; it has {", ".join(frame.columns)}')
    texts = frame[text].str.split().str.join(" ")
    labels = frame[label].str.strip()
    whole = (texts != "") & (labels != "")
    if not whole.any():
        raise DataError(f"{path} has no row with both a text and a label")
    return list(zip(texts[whole], labels[whole], strict=True)), int((~whole).sum())


def _check(path: Path, classes: list[str], counts: list[int]) -> None:
    if len(classes) == 1:
        raise DataError(f'{path} has only one class, "{classes[0]}"; two or more are needed')
    if len(classes) > MOST_CLASSES:
        raise DataError(
            f"{path} has {len(classes):,} different labels; {MOST_CLASSES:,} classes are the most"
        )
    if min(counts) < LEAST:
        small = classes[counts.index(min(counts))]
        raise DataError(
            f'{path} has {min(counts)} of the class "{small}"; {LEAST} of each are the least'
        )


def _read(path: Path) -> pd.DataFrame:
    """All as text, gaps as ""; raises DataError."""
    try:
        frame = text_frame(decoded(path.read_bytes()), str(path))
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error})") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if not len(frame):
        raise DataError(f"{path} has a heading and no rows")
    return frame


def status(params: Params, folder: Path) -> DataStatus:
    return local_status(params.path, "the path of a CSV with a text and a label column")


DATA.add(
    "csv-texts",
    DataSpec(
        name="csv-texts",
        title="Your own texts (CSV)",
        tasks=("classify-text",),
        Params=Params,
        description="Any CSV with a column of texts and one of labels.",
        terms="yours",
        load=load,
        status=status,
    ),
)
