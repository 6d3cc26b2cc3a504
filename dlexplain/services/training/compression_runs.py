"""Runs that compress a trained model, launched and looked at; no torch here."""

import json
from zipfile import BadZipFile

import numpy as np

from dlexplain.errors import BAD_JSON, RunError
from dlexplain.execution import paths
from dlexplain.params import Value
from dlexplain.results import RunRecord
from dlexplain.results.compressed_layers import CompressedLayers
from dlexplain.services.training.compression_specs import KEPT, completed_compression
from dlexplain.services.training.runs import launch, wait_for
from dlexplain.settings import settings


def compress(
    model: str,
    how: str = "magnitude",
    epochs: int = 0,
    data: str = "",
    name: str = "",
    wait: bool = False,
    **params: Value,
) -> RunRecord:
    """Make a trained model smaller, in the background, in a process that outlives this one.

    model   of the zoo, a run's id, or the path of a run's folder
    how     "magnitude", "semi-structured", "channels", "low-rank" and others, see docs/compression
    epochs  of the training on; 0 only compresses and tests
    data    where the model's data set lies, if not where its own training found it
    name    a title for the run
    wait    whether to return when the run has ended rather than at once
    params  of the way, such as sparsity=0.8, and of the training, such as learning_rate=0.001
    The finished run is a model: dx.load(run.id). Raises SpecError, which names all that is wrong,
    UnknownName, or BadInput for a model that came without its data; then nothing is queued.
    """
    told = [f"{key}={value}" for key, value in params.items()]
    record = launch(completed_compression(model, how, epochs, told, data, name))
    return wait_for(record.id) if wait else record


def compressed_layers(record: RunRecord) -> CompressedLayers | None:
    """What became of each layer; None before the run has finished, or where its way does not say.

    Raises RunError where the file is damaged.
    """
    file = paths.results_file(settings().home, record.id)
    if not file.exists():
        return None
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            if KEPT not in kept:
                return None
            return CompressedLayers.from_dict(json.loads(str(kept[KEPT])))
    except (OSError, EOFError, BadZipFile, *BAD_JSON) as error:
        raise RunError(f"the {file.name} of run {record.id} cannot be read: {error}") from error
