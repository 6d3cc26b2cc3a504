"""Your own texts: any CSV with a column of texts and one of labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dlexplain.data.base import (
    DATA,
    UNKNOWN,
    DataSpec,
    DataStatus,
    Report,
    digest_of,
    local_status,
)
from dlexplain.data.heads import ONE_LABEL, texts_of_head
from dlexplain.data.text_bytes import decoded, text_frame
from dlexplain.data.texts import TextData, Texts, cut, make_texts, place_of_label
from dlexplain.errors import DataError, known_names
from dlexplain.params import number
from dlexplain.params import text as text_param
from dlexplain.server_files import read_regular
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
    label: str = text_param(
        LABEL,
        "Label column",
        help="Its heading; of several labels a text the headings, with commas between.",
    )
    validation: float = number(
        0.15, "For validation", low=0.05, high=0.4, step=0.05, help="Part of each class."
    )
    test: float = number(0.15, "For testing", low=0.05, high=0.4, step=0.05, help="Likewise.")
    head: str = text_param(
        "", "Label", help=f"Of several label columns: {ONE_LABEL[0].lower()}{ONE_LABEL[1:]}"
    )


def load(params: Params, folder: Path, report: Report) -> TextData:
    """Raises DataError for a missing file or column, no rows, one class, or a class too small."""
    if not params.path:
        raise DataError("path is empty; give a CSV with a text and a label column")
    path = local_path(params.path)
    frame = _read(path)
    columns = _label_columns(frame, params.label)
    if params.head and params.head not in columns:
        raise DataError(f'head is "{params.head}"; {known_names(params.head, columns)}')
    texts, labels, gaps = _labelled(path, frame, params.text, columns)
    heads, classes, notes = [], {}, []
    for name in columns:
        column = labels[name]
        known, counts = np.unique(column[column != ""], return_counts=True)
        _check(path, known.tolist(), counts.tolist())
        place_of = {label: index for index, label in enumerate(known.tolist())} | {"": UNKNOWN}
        heads.append([place_of[label] for label in column])
        classes[name] = tuple(known.tolist())
        if missing := int((column == "").sum()):
            notes.append(
                f'{missing:,} of {len(texts):,} texts have no label "{name}"; they count for the '
                "others only"
            )
    if gaps:
        notes.insert(0, f"{gaps:,} rows without a text or a label were skipped")
    every = Texts(texts, np.array(heads[0], np.int64), np.array(heads, np.int64).T)
    parts = cut(every, params.validation, params.test)
    found = make_texts(*parts, classes[columns[0]], tuple(notes))
    if len(columns) == 1:
        return replace(found, heads=classes)
    digest = digest_of(*(part.heads for part in parts if part.heads is not None))
    data = replace(found, heads=classes, digest=f"{found.digest[:8]}{digest[:8]}")
    return texts_of_head(data, params.head) if params.head else data


def _label_columns(frame: pd.DataFrame, wanted: str) -> list[str]:
    """One heading, which may have a comma in it, or several with commas between; raises
    DataError."""
    if wanted in frame:
        return [wanted]
    names = [name.strip() for name in wanted.split(",") if name.strip()] or [wanted]
    if len(set(names)) < len(names):
        raise DataError(f'label is "{wanted}", which names a column twice')
    return names


def _labelled(
    path: Path, frame: pd.DataFrame, text: str, columns: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, NDArray[np.str_]], int]:
    """Texts that have a label at least, the labels by column, "" where missing, and how many rows
    have no text or none."""
    for name in (text, *columns):
        if name not in frame:
            raise DataError(f'{path} has no column "{name}"; it has {", ".join(frame.columns)}')
    texts = frame[text].str.split().str.join(" ")
    labels = frame[list(columns)].apply(lambda column: column.str.strip())
    whole = (texts != "") & (labels != "").any(axis=1)
    if not whole.any():
        raise DataError(f"{path} has no row with both a text and a label")
    found = {name: labels.loc[whole, name].to_numpy(np.str_) for name in columns}
    return tuple(texts[whole]), found, int((~whole).sum())


def read_rows(path: Path, classes: Sequence[str]) -> Texts:
    """The columns text and label of a CSV, where a label is a class or its position.

    Raises DataError for a missing file or column, no rows, or another label.
    """
    rows, _ = _rows(path, TEXT, LABEL)
    labels = [place_of_label(label, classes, f"a row of {path}") for _, label in rows]
    return Texts(tuple(text for text, _ in rows), np.array(labels, np.int64))


def _rows(path: Path, text: str, label: str) -> tuple[list[tuple[str, str]], int]:
    """Texts with their labels, and how many rows lack one of the two."""
    texts, labels, gaps = _labelled(path, _read(path), text, [label])
    return list(zip(texts, labels[label].tolist(), strict=True)), gaps


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
        frame = text_frame(decoded(read_regular(path)), str(path))
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
        tasks=("classify-text", "multi-task-text"),
        Params=Params,
        description="Any CSV with a column of texts and one of labels, or several.",
        terms="yours",
        load=load,
        status=status,
    ),
)
