"""Your own text: any UTF-8 file."""

from dataclasses import dataclass
from pathlib import Path

from dlexplain.data.base import DATA, DataSpec, DataStatus, Report, local_status
from dlexplain.data.corpora import (
    FEWEST,
    CorpusData,
    cut_parts,
    learn_corpus,
    read_text,
)
from dlexplain.data.tokenisers import KINDS
from dlexplain.errors import DataError
from dlexplain.params import choice, number, text
from dlexplain.settings import local_path


@dataclass(frozen=True)
class Params:
    """Which text, what a token is, and how it is split."""

    path: str = text("", "Text file", help="UTF-8.")
    tokeniser: str = choice("bpe", "Tokens", KINDS, help="Byte pairs, characters, or words.")
    size: int = number(2000, "Vocabulary", low=300, high=50_000, help="Most tokens.")
    validation: float = number(
        0.05, "For validation", low=0.01, high=0.4, step=0.01, help="Part of the text."
    )
    test: float = number(
        0.05, "For testing", low=0.01, high=0.4, step=0.01, help="Part of the text, the last."
    )


def load(params: Params, folder: Path, report: Report) -> CorpusData:
    """Raises DataError where it is not there, no UTF-8, empty, or too short."""
    if not params.path:
        raise DataError("path is empty; give a UTF-8 text file")
    whole = read_text(local_path(params.path))
    parts = cut_parts(whole, params.validation, params.test)
    report("training the tokeniser", None)
    return learn_corpus(parts, params.tokeniser, params.size)


def check(params: Params, folder: Path, report: Report) -> None:
    """Raises DataError as load does; learns tokens only where there may be too few of them."""
    if params.path:
        whole = read_text(local_path(params.path))
        # A word between blanks is one token or more, whatever the tokeniser.
        words = (len(part.split()) for part in cut_parts(whole, params.validation, params.test))
        if min(words) >= FEWEST:
            return
    load(params, folder, report)


def status(params: Params, folder: Path) -> DataStatus:
    return local_status(params.path, "the path of a UTF-8 text file")


DATA.add(
    "text-file",
    DataSpec(
        name="text-file",
        title="Your own text",
        tasks=("language-model",),
        Params=Params,
        description="Any UTF-8 text file.",
        terms="yours",
        load=load,
        status=status,
        check=check,
    ),
)
