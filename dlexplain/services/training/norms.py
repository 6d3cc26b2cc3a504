"""The norms by layer that a run has written at its epochs' ends."""

import json
from typing import Any

import numpy as np

from dlexplain.errors import BAD_JSON
from dlexplain.execution.files import whole_lines
from dlexplain.execution.paths import norms_file
from dlexplain.results.norms import LayerNorms
from dlexplain.results.runs import RunRecord
from dlexplain.settings import settings


def layer_norms(record: RunRecord) -> LayerNorms | None:
    """None where it has written none yet, or is of an older version; of an epoch that was done
    again after a crash, the later counts."""
    told: dict[int, dict[str, Any]] = {}
    for line in whole_lines(norms_file(settings().home, record.id))[0]:
        try:
            found = json.loads(line)
            told[int(found["epoch"])] = {key: dict(found[key]) for key in ("weights", "gradients")}
        except BAD_JSON:
            continue  # a crash or a bad disk has damaged this line
    if not told:
        return None
    epochs = sorted(told)
    layers = tuple(dict.fromkeys(name for epoch in epochs for name in told[epoch]["weights"]))
    weights, gradients = (
        np.array(
            [[float(told[e][kind].get(layer, "nan")) for e in epochs] for layer in layers], float
        )
        for kind in ("weights", "gradients")
    )
    return LayerNorms(layers, np.array(epochs), weights, gradients)
