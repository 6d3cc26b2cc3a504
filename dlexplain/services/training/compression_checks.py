"""Whether a spec's model can be made smaller so, as far as is known before the run."""

from typing import Any

import dlexplain.compression  # noqa: F401, registers them
from dlexplain.compression.base import COMPRESSIONS
from dlexplain.errors import UnknownName, WeightsError, known_names
from dlexplain.execution.spec import RunSpec
from dlexplain.networks.base import ARCHITECTURES
from dlexplain.params import as_whole, parse, problems
from dlexplain.services.training.first_weights import why_not_fresh
from dlexplain.tasks.private import is_private
from dlexplain.trained.catalogue import trained

ZEROING = ("magnitude", "semi-structured")
"""Ways that leave a network's modules as they are."""


def problems_of_compression(spec: RunSpec) -> list[str]:
    """Why the model that the run begins with cannot be made smaller so."""
    epochs = as_whole(spec.training.get("epochs", 1))
    if not spec.compression:
        more = (
            []
            if epochs
            else ['training: epochs is "0"; 1 to 1000 are accepted, 0 where a model is compressed']
        )
        if spec.compression_params:
            more.append("compression_params are given without a compression")
        return more
    if spec.compression not in COMPRESSIONS:
        known = known_names(spec.compression, sorted(COMPRESSIONS))
        return [f'compression is "{spec.compression}"; {known}']
    if not COMPRESSIONS[spec.compression].learns and epochs:
        return [f"training: epochs is {epochs}; after {spec.compression} nothing is learned: 0"]
    try:
        parent = trained(spec.parent) if spec.parent else None
        found = None if parent is None else parent.spec
        begun = "" if parent is None else why_not_fresh(parent)
    except (UnknownName, WeightsError) as error:
        return [f"parent: {error}"]
    if found is None:
        return [f"parent is missing; {spec.compression} compresses a trained model"]
    if is_private(found.training):
        return ["parent was trained privately; what it promises would not hold of a training on"]
    return [*_unfit_way(spec, epochs, begun), *_unlike(spec, found)]


def _unfit_way(spec: RunSpec, epochs: int, begun: str) -> list[str]:
    """Why the way of compressing does not go with the model, its parameters or the training."""
    way = COMPRESSIONS[spec.compression]
    built_by = ARCHITECTURES[spec.model].file if spec.model in ARCHITECTURES else ""
    if built_by and way.name not in ZEROING:
        return [
            f"compression {way.name} puts other modules into a network, which the code of "
            f"transformers behind {spec.model} does not expect; {', '.join(ZEROING)} are accepted"
        ]
    if way.models and spec.model not in way.models:
        return [
            f'compression {way.name} does not suit the model "{spec.model}"; it takes '
            f"{', '.join(way.models)}"
        ]
    if problems(way.Params, spec.compression_params):
        return []  # told elsewhere
    params: Any = parse(way.Params, spec.compression_params)
    wrong = list(way.unfit(params, epochs, begun))
    early = spec.training.get("keep_best", True) in (True, "true") or as_whole(
        spec.training.get("patience", 0)
    )
    if way.ends(params) and early:
        wrong.append(
            "training: keep_best or patience would take an epoch before the network is as small as "
            "asked; keep_best=false and patience=0 are accepted"
        )
    return wrong


def _unlike(spec: RunSpec, found: RunSpec) -> list[str]:
    return [
        f'{key} is "{getattr(spec, key)}", but the parent\'s is "{getattr(found, key)}"; a '
        "compression keeps it"
        for key in ("task", "model")
        if getattr(spec, key) != getattr(found, key)
    ]
