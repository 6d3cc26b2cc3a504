"""Specs of runs that compress a trained model; no torch here."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import dlexplain.compression  # noqa: F401, registers them
from dlexplain.compression.base import COMPRESSIONS
from dlexplain.errors import BadInput, UnknownName, WeightsError
from dlexplain.execution.spec import RunSpec
from dlexplain.params import Value, parse, problems, specs
from dlexplain.services.training.catalogue import Choice, completed_with, with_data_path
from dlexplain.trained.catalogue import find, trained
from dlexplain.trained.folder import Trained

ACCEPTED = "a model of the zoo, the id of a finished run, or the path of a run's folder"
KEPT = "compressed_layers"
"""The array of a run's results that has the layers' table, as JSON."""


def compressions(model: str = "") -> tuple[Choice, ...]:
    """Every way, or those that suit an architecture, with their parameters."""
    return tuple(
        Choice(way.name, way.title, f"{way.description} {way.paper}", specs(way.Params))
        for way in COMPRESSIONS.values()
        if not (model and way.models) or model in way.models
    )


def parent_of(name: str) -> Trained:
    """The trained model of this name; raises BadInput where it came without what training it on
    needs, UnknownName, or WeightsError of one that is damaged."""
    try:
        entry = find(name)
    except (UnknownName, WeightsError):
        entry = None  # `trained` says why, and knows runs that have not finished
    if entry is not None and entry.source in ("own", "registered"):
        raise BadInput(
            f'"{name}" came without the data and the spec that it was trained with, which '
            f"compressing needs; {ACCEPTED} is accepted"
        )
    parent = trained(name)
    _ = parent.spec, parent.facts
    return parent


def compression_spec(
    parent: Trained,
    compression: str,
    params: Mapping[str, Value] | None = None,
    training: Mapping[str, Value] | None = None,
) -> RunSpec:
    """The run that compresses the parent: its spec, with what is told changed; raises WeightsError.

    training  of the training on, such as {"epochs": 2}; without it there is none
    It learns from the labels alone: a teacher that the parent had is not asked again. Precision and
    device are chosen anew, since the parent may have been trained on another machine.
    """
    spec, params = parent.spec, dict(params or {})
    given = dict(spec.training)
    if given.get("precision") != "float32":
        given["precision"] = "auto"
    way = COMPRESSIONS.get(compression)
    last: dict[str, Value] = {}
    if way is not None and not problems(way.Params, params) and way.ends(parse(way.Params, params)):
        last = {"keep_best": False, "patience": 0}
    return replace(
        spec,
        parent=str(parent.folder.absolute()) if parent.source == "path" else parent.name,
        transfer={},
        task_params={k: v for k, v in spec.task_params.items() if k != "teacher"},
        compression=compression,
        compression_params=params,
        training={**given, "epochs": 0, **last, **(training or {})},
        device="auto",
        name=f"{parent.name}, {compression}",
    )


def completed_compression(
    model: str,
    how: str,
    epochs: int = 0,
    settings_: Sequence[str] = (),
    data: str = "",
    name: str = "",
) -> RunSpec:
    """The complete spec of a run that compresses a model.

    how        a name that `compressions` lists
    epochs     of the training on
    settings_  "key=value" of the way's parameters, or of training, seed and so on, see
               catalogue.completed_with; a name that both have is the way's
    data       where the model's data set lies, if not where its own training found it
    name       a title; the model and the way otherwise
    Raises BadInput, UnknownName, WeightsError, or SpecError that names all that is wrong.
    """
    way = COMPRESSIONS[how]
    parent = parent_of(model)
    own, rest = {}, []
    for text in settings_:
        key, equals, value = text.partition("=")
        bare = key.removeprefix("compression.")
        if equals and bare in specs(way.Params) and key in (bare, f"compression.{bare}"):
            own[bare] = value
        else:
            rest.append(text)
    spec = compression_spec(parent, how, own, {"epochs": epochs})
    spec = replace(spec, name=name) if name else spec
    return completed_with(with_data_path(spec, data) if data else spec, rest)
