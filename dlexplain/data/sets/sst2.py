"""SST-2: sentences of film reviews, negative or positive.

Socher et al., "Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank",
2013, https://nlp.stanford.edu/sentiment. Whole sentences, 6,920 to train and 872 of dev, as lines
of `text<TAB>label`. The public source publishes no checksum.
"""

from dataclasses import dataclass
from pathlib import Path

from dlexplain.data.base import (
    DATA,
    DataSpec,
    DataStatus,
    Report,
    fetched_status,
    local_status,
    split_off,
)
from dlexplain.data.download import download
from dlexplain.data.texts import TextData, make_texts, read_labelled
from dlexplain.errors import DataError
from dlexplain.params import choice, number, text
from dlexplain.settings import local_path

URL = "https://raw.githubusercontent.com/clairett/pytorch-sentiment-classification/master/data/SST2"
CLASSES = ("negative", "positive")
BASELINE = "TF-IDF with logistic regression reaches 0.813 on SST-2's test part, to compare with"


@dataclass(frozen=True)
class Params:
    """Where it is, and what is held back."""

    path: str = text(
        "",
        "Folder",
        help="Empty fetches it once (0.8 MB) from its public source. Else a folder "
        "with train.tsv and dev.tsv, lines of text, tab, 0 or 1.",
    )
    scored: str = choice("dev", "Tested on", ("dev", "test"), help="test needs a test.tsv.")
    validation: float = number(
        0.1,
        "For validation",
        low=0.01,
        high=0.5,
        step=0.01,
        help="Part of each class of the training sentences that is held back.",
    )


def load(params: Params, folder: Path, report: Report) -> TextData:
    """Validation comes from the training part; dev is never trained or chosen on.

    Raises DataError when it is neither there nor can be fetched, or is no such file.
    """
    root = local_path(params.path) if params.path else folder / "sst2"
    names = ("train.tsv", f"{params.scored}.tsv")
    for name in names:
        if not params.path:
            download(f"{URL}/{name}", root / name, report)
        if not (root / name).is_file():
            raise DataError(f"{root / name} is not there; SST-2's {' and '.join(names)} are needed")
    every, test = (read_labelled(root / name, CLASSES) for name in names)
    if len(set(every.labels.tolist())) < len(CLASSES):
        raise DataError(f"{root / names[0]} has only one class; 0 and 1 are needed")
    train, held = split_off(every.labels, params.validation, seed=1)
    return make_texts(every.take(train), every.take(held), test, CLASSES, (BASELINE,))


def status(params: Params, folder: Path) -> DataStatus:
    if params.path:
        return local_status(params.path, "the folder of SST-2's train.tsv and dev.tsv")
    return fetched_status(folder / "sst2" / "train.tsv", URL, 0.8)


DATA.add(
    "sst2",
    DataSpec(
        name="sst2",
        title="SST-2, film reviews",
        tasks=("classify-text",),
        Params=Params,
        description="Sentences of film reviews, negative or positive; 6,920 to train, 872 to test.",
        terms="Socher et al. 2013; no licence file",
        load=load,
        status=status,
    ),
)
