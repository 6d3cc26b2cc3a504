"""The trained model that a run begins with, its parent: whether it can be, and what of the spec is
its; no torch here. Whether shapes fit is known when the data are read, see transferring.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dlexplain.data.sets  # noqa: F401, registers them
from dlexplain.data.base import DATA
from dlexplain.errors import BadInput, ModelError, ParamError, UnknownName, WeightsError
from dlexplain.execution.spec import RunSpec
from dlexplain.networks.base import ARCHITECTURES
from dlexplain.networks.hugging_face import NAME as OWN
from dlexplain.networks.hugging_face import TOKENISER as OWN_TOKENISER
from dlexplain.params import Value, parse
from dlexplain.params import as_dict as params_dict
from dlexplain.rights import check
from dlexplain.settings import local_path
from dlexplain.tasks.base import TASKS
from dlexplain.tasks.private import is_private
from dlexplain.tasks.transfer import FIRST, HEADED, TAKEN
from dlexplain.tasks.transfer import TASKS as TRANSFERS
from dlexplain.trained.catalogue import entries, trained
from dlexplain.trained.entry import ModelEntry
from dlexplain.trained.folder import Trained
from dlexplain.trained.hugging_face import is_backbone, longest_said, task_of_own
from dlexplain.trained.own_files import refused_as_parent
from dlexplain.trained.runs import kept

LOOSE = "dropout"
"""Part of the names of an architecture's parameters that change no weight's shape or use."""
__all__ = [
    "OWN_TASKS", "TRANSFERS", "Parent", "begun_with", "can_read", "is_backbone", "parents",
    "theirs",
]  # fmt: skip
TRAINED_HERE = ("zoo", "run")
OWN_TASKS = ("classify-image", "classify-text")
"""Tasks whose runs may begin with a user's own model."""
FINE_TUNING: Mapping[str, Value] = {"learning_rate": 1e-4, "batch_size": 32}
"""What a run that begins with one is offered first."""


def parents(task: str, own: Sequence[str] = ()) -> tuple[ModelEntry, ...]:
    """Models of a task that a run may begin with, as a list shows them.

    own  the user's own, by folder or name on the hub
    """
    if task not in TRANSFERS:
        return ()
    brought = [name for name in own if is_backbone(name)] if task in OWN_TASKS else []
    sources = (*TRAINED_HERE, "own")
    return tuple(e for e in entries(task, own=brought) if e.source in sources)


def can_read(entry: ModelEntry, data: str, data_params: Mapping[str, Value]) -> bool:
    """Whether a parent can read what data give, as far as that is known before they are read; a
    user's own prepares pictures itself."""
    if entry.source == "own":
        return True
    spec = RunSpec(task=entry.task, model="", data=data, data_params=data_params)
    try:
        return not _other_input(spec, kept(entry.trained))
    except WeightsError:
        return False


def begun_with(name: str) -> RunSpec:
    """The spec of a run that trains a model on: its own, with the model as its parent.

    Of a user's own model, which was trained elsewhere, the data are not said. Raises UnknownName or
    WeightsError; BadInput where its task's runs begin with fresh weights.
    """
    if is_backbone(name):
        spec = own_spec(name)
        return replace(spec, training=FINE_TUNING, name=f"{Path(name).name}, trained on")
    parent = trained(name)
    spec = parent.spec
    if spec.task not in TRANSFERS:
        raise BadInput(f"{name} is a model of {spec.task}; {_begin()}")
    task_params = {k: v for k, v in spec.task_params.items() if k != "teacher"}
    return replace(
        spec, parent=name, transfer={}, compression="", compression_params={},
        task_params=task_params, shortcut={}, name=f"{parent.name}, trained on",
    )  # fmt: skip


def own_spec(name: str) -> RunSpec:
    """What is known of a user's own model without loading it; raises UnknownName, ModelError or
    NotAllowed."""
    check("own model")
    task = task_of_own(name, OWN_TASKS)
    texts = task == "classify-text"
    task_params: dict[str, Value] = {"tokeniser": OWN_TOKENISER} if texts else {}
    if texts and (most := longest_said(name)):
        task_params["longest"] = most
    return RunSpec(task, OWN, "", task_params=task_params, parent=name)


def theirs(task: str) -> tuple[str, ...]:
    """Task parameters that are the parent's, which must be or are unless said otherwise."""
    return (*TAKEN.get(task, ()), *FIRST.get(task, ()))


class Parent:
    """What the parent of a spec says of it.

    wrong      why a run of the spec cannot begin with it, a sentence each
    inherited  by group, the parameters that are the parent's where the spec does not say them
    name       of the parent, in a form that holds anywhere
    """

    def __init__(self, spec: RunSpec) -> None:
        self.wrong: list[str] = []
        self.inherited: Mapping[str, Mapping[str, Value]] = {}
        self.name = spec.parent
        if not spec.parent:
            self.wrong = ["transfer is given without a parent"] if spec.transfer else []
            self.wrong += [*_without_own(spec), *_missing(spec)]
        elif not spec.compression:
            try:
                self._find(spec)
            except (UnknownName, WeightsError) as error:
                self.wrong = [f"parent: {error}"]

    def _find(self, spec: RunSpec) -> None:
        if is_backbone(spec.parent):
            self._look(spec, own_spec(spec.parent), local_path(spec.parent).is_dir())
            return
        if why := refused_as_parent(spec.parent):
            raise ModelError(why)
        parent = trained(spec.parent)
        self._look(spec, parent.spec, parent.source == "path")
        if parent.spec.model != OWN:
            self.wrong += _without_own(spec)
            self.wrong += _other_input(spec, parent) if self.inherited else []

    def _look(self, spec: RunSpec, found: RunSpec, at_path: bool) -> None:
        if at_path:
            self.name = str(local_path(spec.parent).resolve())
        self.wrong = [*_other(spec, found), *_cannot(spec, found)]
        if self.wrong:
            return
        task_params = {k: v for k, v in found.task_params.items() if k in theirs(spec.task)}
        self.inherited = {"model_params": _model_params(found), "task_params": task_params}
        self.wrong = [*_other_model(spec, found), *_other_reading(spec, found)]


def _without_own(spec: RunSpec) -> list[str]:
    """A tokeniser that only a user's own model has."""
    if spec.task_params.get("tokeniser") != OWN_TOKENISER or spec.model == OWN:
        return []
    return [
        f'task: tokeniser is "{OWN_TOKENISER}", which only a run has that begins with the user\'s '
        f"own backbone; word, bpe, character and minilm are accepted for {spec.model}"
    ]


def _missing(spec: RunSpec) -> list[str]:
    """A model that there is only with a parent."""
    if spec.model not in ARCHITECTURES or not ARCHITECTURES[spec.model].file:
        return []
    return [
        f'model is "{spec.model}", which is the user\'s own backbone; name its folder, or its name '
        "on the Hugging Face hub, as the parent"
    ]


def _begin() -> str:
    return f"runs of {', '.join(TRANSFERS)} may begin with a trained model"


def _other(spec: RunSpec, found: RunSpec) -> list[str]:
    """Another task or architecture."""
    if spec.task in TASKS and spec.task not in TRANSFERS:
        return [f'parent is "{spec.parent}", but the task is {spec.task}; {_begin()}']
    return [
        f'{key} is "{getattr(spec, key)}", but the parent\'s is "{getattr(found, key)}"; a run '
        "that begins with its weights keeps it"
        for key in ("task", "model")
        if getattr(spec, key) != getattr(found, key)
    ]


def _cannot(spec: RunSpec, found: RunSpec) -> list[str]:
    """What goes with fresh weights only, or with whole ones."""
    wrong = []
    learns = str(spec.transfer.get("learns", "all"))
    if found.compression:
        wrong.append(
            f'parent "{spec.parent}" was compressed ({found.compression}) and has other layers '
            f"than its architecture builds; begin with {found.parent}, of which it was made"
        )
    if is_private(spec.training):
        wrong.append(
            "training: target_epsilon is given with a parent; a private training begins with fresh "
            "weights"
        )
    if spec.task not in HEADED and learns in ("head", "adapters"):
        wrong.append(
            f'transfer: learns is "{learns}", but a model of {spec.task} may share its last '
            "layer's weights with its first; it takes all or last layers"
        )
    if spec.model == "minilm" and learns == "adapters":
        wrong.append(
            'transfer: learns is "adapters", but minilm has its own, which learn with all; it '
            "takes all, last layers or head"
        )
    return wrong


def _model_params(spec: RunSpec) -> dict[str, Any]:
    params: Any = parse(ARCHITECTURES[spec.model].Params, spec.model_params)
    return params_dict(params)


def _other_model(spec: RunSpec, found: RunSpec) -> list[str]:
    """Parameters of the architecture that are not the parent's."""
    own = _model_params(found)
    try:
        asked = _model_params(replace(spec, model_params={**own, **spec.model_params}))
    except ParamError:
        return []  # which is told where all groups are read
    return [
        f'model: {key} is "{value}", but the parent\'s is "{own[key]}"; a run that begins with its '
        "weights keeps it"
        for key, value in asked.items()
        if LOOSE not in key and value != own[key]
    ]


def _other_input(spec: RunSpec, parent: Trained) -> list[str]:
    """Pictures or series to which the parent's weights are bound, and which the data do not give;
    what is not known of them yet is told when they are read, see transferring.py."""
    if spec.data not in DATA:
        return []
    try:
        given = DATA[spec.data].gives(parse(DATA[spec.data].Params, spec.data_params))
    except ParamError:
        return []
    facts, model = parent.facts, ARCHITECTURES.get(parent.spec.model)
    bound = [("channels", facts.get("channels"), given.get("channels"))]
    if model is None or not model.any_side:
        bound.append(("side", facts.get("side"), given.get("side")))
    bound.append(("series", _count(facts.get("series")), _count(given.get("series"))))
    if all(None in (theirs, own) or theirs == own for _, theirs, own in bound):
        return []
    theirs, own = read_told(spec.task, facts), read_told(spec.task, given)
    return [f"parent {parent.name} reads {theirs}, this run {own}; they must be the same"]


def _count(names: Any) -> int | None:
    return None if names is None else len(names)


def read_told(task: str, facts: Mapping[str, Any]) -> str:
    """What goes into a network, by the facts of its data: "grey pictures of 8 × 8"."""
    if task == "forecast":
        return f"{len(facts['series'])} series"
    kind = {1: "grey", 3: "colour"}.get(facts["channels"], f"{facts['channels']}-channel")
    return f"{kind} pictures of {facts['side']} × {facts['side']}"


def _other_reading(spec: RunSpec, found: RunSpec) -> list[str]:
    """Parameters by which texts become ids that are not the parent's."""
    known: Any = parse(TASKS[found.task].Params, found.task_params)
    own = params_dict(known)
    try:
        params: Any = parse(TASKS[spec.task].Params, {**own, **spec.task_params})
    except ParamError:
        return []
    asked = params_dict(params)
    return [
        f'task: {key} is "{asked[key]}", but the parent\'s is "{own[key]}"; a run that begins with '
        "its weights reads with its tokens"
        for key in TAKEN.get(spec.task, ())
        if asked[key] != own[key]
    ]
