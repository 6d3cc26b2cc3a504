"""Multi30k: descriptions of photographs in English, with translations into German and French.

Elliott et al., "Multi30K: Multilingual English-German Image Descriptions", 2016,
https://arxiv.org/abs/1605.00459. The texts are as people wrote them, not tokenised. The source
publishes no checksums, so none is compared; gzip's own are.
"""

from dataclasses import dataclass
from pathlib import Path

from dlexplain.data.base import DATA, DataSpec, DataStatus, Report, local_status
from dlexplain.data.download import download
from dlexplain.data.multi30k_files import NAMES, read_part
from dlexplain.data.pairs import PairData, pairs_digest
from dlexplain.errors import DataError
from dlexplain.params import choice, text
from dlexplain.settings import local_path

URL = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw"
SOURCE = "en"


@dataclass(frozen=True)
class Params:
    """Into which language, and where the files are."""

    target: str = choice("de", "Into", ("de", "fr"), help="German or French, from English.")
    path: str = text(
        "",
        "Folder",
        help="With train, val and test_2016_flickr, .en and .de or .fr, each a text "
        "file or .gz; empty fetches them once (1.3 MB).",
    )


def load(params: Params, folder: Path, report: Report) -> PairData:
    """29,000, 1,014 and 1,000 pairs; raises DataError when they are not there or are damaged."""
    root = local_path(params.path) if params.path else _fetch(params, folder, report)
    if not root.is_dir():
        raise DataError(f"{root} is no folder; give the one that holds Multi30k's files")
    found = [read_part(root, part, SOURCE, params.target) for part in NAMES]
    train, validation, test = (pairs for pairs, _ in found)
    return PairData(
        train,
        validation,
        test,
        (SOURCE, params.target),
        pairs_digest(train, validation, test),
        tuple(note for _, note in found if note),
    )


def _fetch(params: Params, folder: Path, report: Report) -> Path:
    for name in _names(params):
        download(f"{URL}/{name}", folder / "multi30k" / name, report)
    return folder / "multi30k"


def _names(params: Params) -> list[str]:
    return [f"{names[0]}.{lang}.gz" for names in NAMES.values() for lang in (SOURCE, params.target)]


def status(params: Params, folder: Path) -> DataStatus:
    if params.path:
        return local_status(params.path, "the path of the folder with Multi30k's files")
    home = folder / "multi30k"
    if all((home / name).exists() for name in _names(params)):
        return DataStatus(True, str(home), fetched=True)
    how = f"a run fetches it once from {URL} (1.3 MB), or give its path"
    return DataStatus(False, "", how, fetched=True)


DATA.add(
    "multi30k",
    DataSpec(
        name="multi30k",
        title="Multi30k",
        tasks=("translate",),
        Params=Params,
        description="31,014 English descriptions of photographs with their German or French "
        "translations.",
        terms="Elliott et al. 2016; no licence file",
        load=load,
        status=status,
    ),
)
