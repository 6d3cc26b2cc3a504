"""What a classifier would be trained on, looked at before it is."""

from typing import Any

import numpy as np

from dlexplain.data.base import DATA, SPLITS, PictureData, silent
from dlexplain.data.texts import TextData
from dlexplain.params import parse
from dlexplain.results import ClassBalance
from dlexplain.runs.paths import data_folder
from dlexplain.runs.spec import RunSpec
from dlexplain.services.training.catalogue import data_status
from dlexplain.settings import settings

TASKS = ("classify-image", "classify-text")
"""Those whose examples have classes to learn."""


def class_balance(spec: RunSpec) -> ClassBalance | None:
    """Read the data of a completed spec and count; takes as long as reading them in the run does.

    None for a task without classes, and for data that the run would fetch first. Raises BadInput
    where the data cannot be read.
    """
    if spec.task not in TASKS or not data_status(spec.data, spec.data_params).there:
        return None
    source = DATA[spec.data]
    params: Any = parse(source.Params, spec.data_params)
    data = source.load(params, data_folder(settings().home), silent)
    if not isinstance(data, PictureData | TextData):
        return None
    counts = {
        split: np.bincount(getattr(data, split).labels, minlength=len(data.classes))
        for split in SPLITS
    }
    return ClassBalance(
        tuple(map(str, data.classes)), {s: tuple(map(int, c)) for s, c in counts.items()}
    )
