"""Your own pictures, in folders named after their classes."""

from dataclasses import dataclass
from pathlib import Path

from dlexplain.data.base import DATA, DataSpec, DataStatus, PictureData, Report, local_status
from dlexplain.data.class_folders import read_class_folders
from dlexplain.errors import DataError
from dlexplain.params import number, text
from dlexplain.settings import local_path


@dataclass(frozen=True)
class Params:
    """Where the pictures are, and how large the model sees them."""

    path: str = text(
        "", "Folder or ZIP", help="Holds <class>/picture.png, or train/, val/ and test/ of them."
    )
    side: int = number(
        64,
        "Side, pixels",
        low=8,
        high=512,
        help="Pictures are scaled to this and cut to the square in the middle.",
    )
    validation: float = number(
        0.1,
        "For validation",
        low=0.01,
        high=0.5,
        step=0.01,
        help="Part of each class, where no folder says it.",
    )
    test: float = number(
        0.1,
        "For testing",
        low=0.01,
        high=0.5,
        step=0.01,
        help="Part of each class, where no folder says it.",
    )


def load(params: Params, folder: Path, report: Report) -> PictureData:
    """Raises DataError as read_class_folders does, and when no path is given."""
    if not params.path:
        raise DataError("path is empty; give a folder or ZIP of class-named picture folders")
    root = local_path(params.path)
    shares = (params.validation, params.test)
    return read_class_folders(root, params.side, shares, folder / "pictures", report)


def status(params: Params, folder: Path) -> DataStatus:
    return local_status(params.path, "the path of a folder or ZIP of class-named picture folders")


DATA.add(
    "picture-folder",
    DataSpec(
        name="picture-folder",
        title="Your own picture folders",
        tasks=("classify-image", "autoencode", "vae", "gan"),
        Params=Params,
        description="A folder or ZIP with one folder a class, as ImageNet is laid out.",
        terms="yours",
        load=load,
        status=status,
    ),
)
