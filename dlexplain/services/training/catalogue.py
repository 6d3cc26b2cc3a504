"""What can be trained: tasks, data sets, models, their parameters; and the check of a spec."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import dlexplain.compression
import dlexplain.data.sets
import dlexplain.networks
import dlexplain.tasks  # noqa: F401, these four register what a spec can name
from dlexplain.compression.base import COMPRESSIONS
from dlexplain.data.augmentations import (
    augmentation_class,
    foreign,
    kind_of,
    own_augmentation,
)
from dlexplain.data.base import DATA, DataStatus
from dlexplain.data.heads import chosen_heads
from dlexplain.data.shortcuts import KINDS, NONE, USED, Shortcut, problems_of
from dlexplain.errors import BadInput, ParamError, SpecError, known_names
from dlexplain.execution.paths import data_folder
from dlexplain.execution.resources import NO_ADDRESS, RAY, Here
from dlexplain.execution.resources import Params as Resources
from dlexplain.execution.spec import GROUPS, MAX_SEED
from dlexplain.execution.spec import RunSpec as RunSpec
from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import Spec, Value, as_whole, from_digits, parse, problems, specs
from dlexplain.params import as_dict as params_dict
from dlexplain.registry import Registry
from dlexplain.services.training.compression_checks import problems_of_compression
from dlexplain.services.training.generated import makers_of
from dlexplain.services.training.parallel import problems_of_workers
from dlexplain.services.training.parents import Parent
from dlexplain.services.training.teachers import teacher_of
from dlexplain.settings import cluster_address, local_path, settings
from dlexplain.tasks.base import TASKS, Training
from dlexplain.tasks.multi_task import read_weights
from dlexplain.tasks.private import is_private, problems_of_privacy
from dlexplain.tasks.transfer import Params as Transfer

WITH_CLASSES = ("classify-image", "classify-text")
"""Tasks whose examples have classes."""
DEVICES = "auto, cpu, cuda, cuda:N or mps; or ray, where a cluster is known"


@dataclass(frozen=True)
class Choice:
    """One task, data set or model that a run can name, with its parameters."""

    name: str
    title: str
    description: str
    params: Mapping[str, Spec]


def tasks() -> tuple[Choice, ...]:
    return tuple(Choice(t.name, t.title, t.description, specs(t.Params)) for t in TASKS.values())


def data_sets(task: str) -> tuple[Choice, ...]:
    """Those that suit the task."""
    return tuple(
        Choice(d.name, d.title, f"{d.description} Terms: {d.terms}.", specs(d.Params))
        for d in DATA.values()
        if task in d.tasks
    )


def architectures(task: str, begun: bool = False) -> tuple[Choice, ...]:
    """Models that suit the task.

    begun  also those that only a run can have that begins with one
    """
    return tuple(
        Choice(m.name, m.title, f"{m.description} {m.paper}", specs(m.Params))
        for m in ARCHITECTURES.values()
        if _suits(m, task) and (begun or not m.file)
    )


def _suits(owner: Any, task: str) -> bool:
    """Whether a data set or a model is for the task; a task of several heads takes the models of
    each head alone."""
    single = TASKS[task].single if isinstance(owner, Architecture) and not owner.file else ""
    return task in owner.tasks or (bool(single) and single in owner.tasks)


def training_params() -> Mapping[str, Spec]:
    """Optimiser, schedule, epochs and so on: the same for every task."""
    return specs(Training)


def augmentation_params(task: str) -> Mapping[str, Spec]:
    """How training examples are varied; nothing for tasks that take them as they are."""
    return specs(augmentation_class(task))


def shortcut_params(task: str) -> Mapping[str, Spec]:
    """What can be planted in the training part, and how; nothing for tasks without shortcuts."""
    kinds = KINDS.get(task, ())
    used = {"kind", *(key for kind in kinds for key in USED[kind])}
    known = {key: spec for key, spec in specs(Shortcut).items() if key in used}
    return {**known, "kind": replace(known["kind"], options=(NONE, *kinds))} if kinds else {}


def transfer_params() -> Mapping[str, Spec]:
    """Which weights of a trained model learn on, and how fast."""
    return specs(Transfer)


def resources_params(device: str) -> Mapping[str, Spec]:
    """What a run asks of the machine that trains it: on a cluster, of a node, and what happens when
    that is lost."""
    return specs(_resources(device))


def _resources(device: str) -> type:
    return Resources if device == RAY else Here


def data_status(name: str, params: Mapping[str, Value] | None = None) -> DataStatus:
    """Whether a data set could be loaded now, where it is, or how to get it."""
    source = DATA[name]
    return source.status(parse(source.Params, params or {}), data_folder(settings().home))


def data_gives(name: str, params: Mapping[str, Value] | None = None) -> Mapping[str, Any]:
    """What is known of the facts of a data set before it is read; {} of bad parameters."""
    source = DATA[name]
    try:
        return source.gives(parse(source.Params, params or {}))
    except ParamError:
        return {}


def all_data() -> tuple[tuple[Choice, DataStatus], ...]:
    """Every data set with its status under default parameters."""
    return tuple(
        (Choice(d.name, d.title, d.description, specs(d.Params)), data_status(d.name))
        for d in DATA.values()
    )


def complete(spec: RunSpec) -> RunSpec:
    """The same spec with every parameter said; raises SpecError that names all that is wrong."""
    wrong: list[str] = []
    for field, registry in (("task", TASKS), ("model", ARCHITECTURES), ("data", DATA)):
        name = getattr(spec, field)
        if name not in registry:
            wrong.append(f'{field} is "{name}"; {known_names(name, sorted(registry))}')
    teacher, unfit = teacher_of(spec)
    parent = Parent(spec)
    wrong += [*_misfits(spec), *unfit, *problems_of_compression(spec), *parent.wrong]
    spec = replace(spec, augmentation=own_augmentation(spec.task, spec.augmentation))
    makers, unfit = makers_of(spec)
    wrong += unfit
    groups: dict[str, Any] = {}
    for group, params in _declarations(spec).items():
        given = {**parent.inherited.get(group, {}), **getattr(spec, group)}
        if group == "augmentation":  # what else is given is told by _misfits
            given = {k: v for k, v in given.items() if k in specs(params) or kind_of(k) is None}
        if group == "resources":  # what else is given is told by _misplaced
            given = {k: v for k, v in given.items() if spec.device == RAY or k in specs(params)}
        found = problems(params, given)
        wrong += [f"{group.removesuffix('_params')}: {problem}" for problem in found]
        if not found:
            groups[group] = params_dict(parse(params, given))
            if group == "shortcut" and groups[group]["kind"] == NONE:
                groups[group] = {}  # a run without one says nothing of it
            if params is Here:  # nor one on this machine of what is usual
                usual = params_dict(Here())
                groups[group] = {k: v for k, v in groups[group].items() if v != usual[k]}
            if groups[group].get("path"):  # the worker, or a resume, may stand elsewhere
                try:
                    groups[group]["path"] = _from_anywhere(str(groups[group]["path"]))
                except BadInput as error:
                    wrong.append(f"data: {error}")
            if teacher and group == "task_params":
                groups[group]["teacher"] = teacher
            if group == "augmentation":
                groups[group] |= makers
    if "training" in groups and is_private(groups["training"]):
        how = parse(Training, groups["training"])
        wrong += problems_of_privacy(spec.task, how, spec.task_params, spec.augmentation)
    if not 0 <= spec.seed <= MAX_SEED:
        wrong.append(f'seed is "{spec.seed}"; it takes a whole number from 0 to {MAX_SEED}')
    if not _is_device(spec.device):
        wrong.append(f'device is "{spec.device}"; it takes {DEVICES}')
    wrong += _misplaced(spec)
    if "resources" in groups and "training" in groups:
        wrong += problems_of_workers(replace(spec, **groups))
    if wrong:
        raise SpecError(wrong)
    return replace(spec, parent=parent.name, **groups)


def changed(spec: RunSpec) -> dict[str, Value]:
    """What a spec says other than the defaults: group.name -> value, and its parent."""
    found: dict[str, Value] = {"parent": spec.parent} if spec.parent else {}
    spec = replace(spec, augmentation=own_augmentation(spec.task, spec.augmentation))
    for group, params in _declarations(spec).items():
        defaults = {key: declared.default for key, declared in specs(params).items()}
        for key, value in getattr(spec, group).items():
            if value != defaults.get(key):
                found[f"{group.removesuffix('_params')}.{key}"] = value
    return found


def _declarations(spec: RunSpec) -> dict[str, type]:
    """Params classes of the groups whose owner is known."""
    found: dict[str, type] = {
        "training": Training,
        "augmentation": augmentation_class(spec.task),
        "shortcut": Shortcut,
    }
    if spec.task in TASKS:
        found["task_params"] = TASKS[spec.task].Params
    if spec.model in ARCHITECTURES:
        found["model_params"] = ARCHITECTURES[spec.model].Params
    if spec.data in DATA:
        found["data_params"] = DATA[spec.data].Params
    if spec.compression in COMPRESSIONS:
        found["compression_params"] = COMPRESSIONS[spec.compression].Params
    elif spec.parent:
        found["transfer"] = Transfer
    found["resources"] = _resources(spec.device)
    return found


def no_cluster() -> list[str]:
    """Why no run can be sent to a cluster from here; whether it answers is found out later."""
    address = settings().ray
    if not address:
        return [f'device is "{RAY}", but {NO_ADDRESS}']
    try:
        cluster_address(address)
    except BadInput as error:
        return [f'device is "{RAY}", but {error}']
    return []


def _misplaced(spec: RunSpec) -> list[str]:
    """A cluster that is not known, or resources of a node for a run of this machine."""
    if spec.device == RAY:
        return no_cluster()
    if any(key not in specs(Here) for key in spec.resources):
        told = f'resources are given, but device is "{spec.device}"; they are for "{RAY}"'
        return [f"{told}, all but workers and sharding"]
    return []


def accepted_fields(spec: RunSpec) -> dict[str, Spec]:
    """What each field of such a run accepts, by its name in RunSpec.flat, such as
    "training.epochs", "model" or "seed"."""
    found = {
        f"{group.removesuffix('_params')}.{key}": declared
        for group, params in _declarations(spec).items()
        for key, declared in specs(params).items()
    }
    models = tuple(name for name, m in ARCHITECTURES.items() if _suits(m, spec.task))
    data = tuple(name for name, d in DATA.items() if spec.task in d.tasks)
    return {
        "seed": Spec("integer", "Seed", "Of all that is drawn.", 0, low=0, high=MAX_SEED),
        "model": Spec("choice", "Model", "Which architecture.", spec.model, options=models),
        "data": Spec("choice", "Data", "Which data set.", spec.data, options=data),
        **found,
    }


def _misfits(spec: RunSpec) -> list[str]:
    """A model or data set that does not suit the task."""
    owners: Sequence[tuple[str, str, Registry[Any]]] = (
        ("model", spec.model, ARCHITECTURES),
        ("data", spec.data, DATA),
    )
    wrong = []
    for field, name, registry in owners:
        if spec.task in TASKS and name in registry and not _suits(registry[name], spec.task):
            suits = [n for n in registry if _suits(registry[n], spec.task)]
            wrong.append(
                f'{field} "{name}" does not suit the task {spec.task}; suitable: {", ".join(suits)}'
            )
    wrong += _unknown_heads(spec)
    given = spec.augmentation
    early, model = as_whole(given.get("early_side", 0)), ARCHITECTURES.get(spec.model)
    if early and model is not None and not (model.any_side and early >= model.least):
        takes = f"sides from {model.least}" if model.any_side else "one side only"
        wrong.append(f'augmentation: early_side is "{early}", but {spec.model} takes {takes}')
    wrong += foreign(spec.task, given) if spec.task in TASKS else []
    few = as_whole(spec.training.get("examples_per_class", 0))
    if few and spec.task in TASKS and spec.task not in WITH_CLASSES:
        wrong.append(
            f"training: examples_per_class is {few}, but {spec.task} has no classes; it takes 0"
        )
    planted = str(spec.shortcut.get("kind", NONE))
    if spec.task in TASKS and planted != NONE and planted in specs(Shortcut)["kind"].options:
        wrong += problems_of(planted, str(spec.shortcut.get("word", Shortcut.word)), spec.task)
    return wrong


def _unknown_heads(spec: RunSpec) -> list[str]:
    """Heads, or weights of them, that the data do not have, as far as is known before they are
    read: those of a data set that always has the same."""
    data = DATA.get(spec.data)
    if data is None or spec.task not in TASKS or not TASKS[spec.task].single:
        return []
    declared = specs(data.Params).get("head")
    known = declared.options if declared else ()
    if not known:
        return []
    try:
        heads = chosen_heads(str(spec.task_params.get("heads", "")), known)
        read_weights(str(spec.task_params.get("weights", "")), heads)
    except BadInput as error:
        return [f"task: {error}"]
    return []


def _from_anywhere(path: str) -> str:
    return str(local_path(path).resolve())


def _is_device(text: str) -> bool:
    kind, _, index = text.partition(":")
    return text in ("auto", "cpu", "mps", "cuda", RAY) or (kind == "cuda" and index.isdigit())


def completed_with(spec: RunSpec, settings_: Sequence[str]) -> RunSpec:
    """Apply "key=value" texts, as the command line takes them, and complete the spec.

    A key is group.name, such as training.epochs, or a name alone where only one group has it; or
    parent, a trained model's name.
    Raises SpecError that names every wrong key and value at once.
    """
    changed_, wrong = _with(spec, settings_)
    try:
        completed = complete(changed_)
    except SpecError as error:
        raise SpecError([*wrong, *error.problems]) from error
    if wrong:
        raise SpecError(wrong)
    return completed


def _with(spec: RunSpec, settings_: Sequence[str]) -> tuple[RunSpec, list[str]]:
    """The spec with what is understood of the texts; and what is not, in sentences."""
    wrong: list[str] = []
    for text in settings_:
        if text.startswith("parent="):  # first, since only a run with one has transfer's parameters
            spec = replace(spec, parent=text.partition("=")[2])
        elif text.startswith("device="):  # likewise resources', of a run on a cluster
            spec = replace(spec, device=text.partition("=")[2])
    groups: dict[str, Any] = {group: dict(getattr(spec, group)) for group in GROUPS}
    declared = {group: list(specs(params)) for group, params in _declarations(spec).items()}
    top: dict[str, Any] = {}
    for text in settings_:
        key, equals, value = text.partition("=")
        if not (key and equals):
            wrong.append(f'--set takes KEY=VALUE, such as epochs=10; given: "{text}"')
        elif key == "parent":
            pass
        elif key.startswith("transfer.") and not spec.parent:
            wrong.append(f"{key} is given without a parent; name the trained model to begin with")
        elif key in ("seed", "device", "name"):
            if key == "seed" and from_digits(value.removeprefix("-")) < 0:
                wrong.append(f'seed is "{value}"; it takes a whole number from 0 to {MAX_SEED}')
            else:
                top[key] = int(value) if key == "seed" else value
        else:
            owners = _owners(key, declared)
            name = key.rpartition(".")[2]
            if len(owners) == 1:
                groups[owners[0]][name] = value
            elif owners:
                ways = " or ".join(f"{o.removesuffix('_params')}.{name}" for o in owners)
                wrong.append(f'"{key}" is known in several groups; write {ways}')
            else:
                known = sorted({n for names in declared.values() for n in names})
                wrong.append(f'unknown parameter "{key}"; {known_names(key, known)}')
    return replace(spec, **groups, **top), wrong


def _owners(key: str, declared: Mapping[str, Sequence[str]]) -> list[str]:
    group, _, name = key.rpartition(".")
    return [
        owner
        for owner, names in declared.items()
        if name in names and group in ("", owner, owner.removesuffix("_params"))
    ]


def with_data_path(spec: RunSpec, path: str) -> RunSpec:
    """The spec with the data set read from `path`; raises BadInput where it takes none."""
    if spec.data in DATA and "path" not in specs(DATA[spec.data].Params):
        raise BadInput(f"data {spec.data} is always there and takes no path")
    return replace(spec, data_params={**spec.data_params, "path": path})
