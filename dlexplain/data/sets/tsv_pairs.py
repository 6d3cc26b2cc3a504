"""Your own pairs: a UTF-8 text file, a source, a tab and its translation in each line."""

from dataclasses import dataclass
from pathlib import Path

from dlexplain.data.base import DATA, DataSpec, DataStatus, Report, local_status
from dlexplain.data.pairs import PairData, clean, pairs_digest, read_lines, split_by_source
from dlexplain.errors import DataError
from dlexplain.params import number, text
from dlexplain.settings import local_path

WANTED = "the path of a text file with lines of source<TAB>target"


@dataclass(frozen=True)
class Params:
    """Which file, and how much of it is held out; equal sources stay in one part."""

    path: str = text("", "File", help="Lines of source<TAB>target, UTF-8, or the same as .gz.")
    validation: float = number(
        0.1, "For validation", low=0.01, high=0.4, step=0.01, help="Part of the sources."
    )
    test: float = number(
        0.1, "For testing", low=0.01, high=0.4, step=0.01, help="Part of the sources."
    )


def load(params: Params, folder: Path, report: Report) -> PairData:
    """Raises DataError where the file is no text or has no three pairs."""
    if not params.path:
        raise DataError(f"path is empty; give {WANTED}")
    path = local_path(params.path)
    if not path.is_file():
        raise DataError(f"{path} is no file; give {WANTED}")
    rows = [line.split("\t") for line in read_lines(path)]
    pairs, empty = clean((row[0], row[1]) for row in rows if len(row) == 2)
    skipped = sum(len(row) != 2 for row in rows) + empty
    if not len(pairs):
        raise DataError(f"{path} has no line of source<TAB>target")
    train, validation, test = split_by_source(pairs, params.validation, params.test)
    note = f"{skipped:,} of {len(rows):,} lines were skipped: not source<TAB>target"
    return PairData(
        train,
        validation,
        test,
        ("source", "target"),
        pairs_digest(train, validation, test),
        (note,) if skipped else (),
    )


def status(params: Params, folder: Path) -> DataStatus:
    return local_status(params.path, WANTED)


DATA.add(
    "tsv-pairs",
    DataSpec(
        name="tsv-pairs",
        title="Your own pairs (TSV)",
        tasks=("translate",),
        Params=Params,
        description="Any text file with lines of source<TAB>target.",
        terms="yours",
        load=load,
        status=status,
    ),
)
