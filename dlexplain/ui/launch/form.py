"""The form of a training: what is trained on what, and every parameter of it; no torch here."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.errors import BadInput, NotAllowed, WeightsError
from dlexplain.language import shown_by, tr
from dlexplain.params import Spec, Value
from dlexplain.services.training.catalogue import (
    Choice,
    RunSpec,
    architectures,
    augmentation_params,
    data_gives,
    data_sets,
    resources_params,
    shortcut_params,
    tasks,
    training_params,
    transfer_params,
)
from dlexplain.services.training.parents import begun_with, can_read, parents, theirs
from dlexplain.services.training.presets import PRESETS
from dlexplain.settings import settings
from dlexplain.ui.address import from_address, one_of
from dlexplain.ui.backbones import BACKBONES
from dlexplain.ui.cluster import ask_address, offers_cluster
from dlexplain.ui.forms import field_key, params_form
from dlexplain.ui.markdown import literal

GROUPS = {
    "data_params": ("Data", ":material/database:"),
    "model_params": ("Model", ":material/account_tree:"),
    "training": ("Training", ":material/trending_down:"),
    "task_params": ("Task", ":material/target:"),
    "augmentation": ("Augmentation", ":material/flip:"),
    "shortcut": ("Shortcut", ":material/alt_route:"),
    "transfer": ("Transfer", ":material/school:"),
    "resources": ("Machine", ":material/hub:"),
}
FRESH = "fresh weights"


def preset_told(name: str) -> str:
    """What it is an example of, and its title."""
    case, title = tr(f"{PRESETS[name].case}:"), tr(PRESETS[name].title)
    return f"{case} {title}" if case.endswith(":") else f"{case}{title}"


def ask(preset: str, first: RunSpec) -> RunSpec:
    """The form; every field's key carries the preset, so that another preset starts anew."""
    task_box, data_box, model_box = st.columns(3)
    task = pick(task_box, "Task", tasks(), first.task, preset)
    data = pick(data_box, "Data", data_sets(task.name), first.data, f"{preset}-{task.name}")
    fields = {**first.data_params} if data.name == first.data else {}
    parent = pick_parent(task.name, first.parent, preset, data, fields)
    every = architectures(task.name, begun=parent is not None)
    known = [m for m in every if parent is None or m.name == parent.model]
    owner = f"{preset}-{task.name}-{parent.parent if parent else ''}"
    model = pick(model_box, "Model", tuple(known), first.model, owner)
    st.caption(
        f"**{tr(data.title)}.** {tr(data.description)}  \n**{tr(model.title)}.** "
        f"{tr(model.description)}"
    )
    name_box, seed_box, device_box = st.columns(3)
    same = (task.name, data.name, model.name, parent.parent if parent else "") == (
        first.task, first.data, first.model, first.parent
    )  # fmt: skip
    name = name_box.text_input(
        tr("Name"),
        first.name if same else named(model, data, parent),
        max_chars=120,
        key=f"name-{preset}-{data.name}-{model.name}-{parent.parent if parent else ''}",
        help=tr("A title for people; not part of what is computed."),
    )
    seed = seed_box.number_input(
        tr("Seed"),
        0,
        2**31 - 1,
        first.seed,
        key=f"seed-{preset}",
        help=tr("The same spec and seed give the same curve on the processor."),
    )
    device = device_box.text_input(
        tr("Device"),
        first.device,
        key=f"device-{preset}",
        help=tr("auto takes the GPU where there is one; else cpu, cuda, cuda:N or mps")
        + (tr(", or ray for the cluster.") if offers_cluster() else "."),
    )
    device = device.strip() or "auto"
    if device == "ray":
        ask_address()
    alike = (task.name, data.name, model.name) == (first.task, first.data, first.model)
    on_cluster = device == "ray" and bool(settings().ray)
    place = device if on_cluster else "auto"
    own = {
        "data_params": first.data_params if data.name == first.data else {},
        "model_params": first.model_params if model.name == first.model else {},
        "training": first.training,
        "task_params": first.task_params if task.name == first.task else {},
        "augmentation": first.augmentation if alike else {},
        "shortcut": first.shortcut if alike else {},
        "transfer": first.transfer,
        "resources": first.resources,
    }
    handed_on = theirs(task.name) if parent else ()
    task_params = {key: spec for key, spec in task.params.items() if key not in handed_on}
    declared = {
        "data_params": (data.name, data.params),
        "model_params": (model.name, {} if parent else model.params),
        "training": (task.name, training_params()),
        "task_params": (task.name, task_params),
        "augmentation": (task.name, augmentation_params(task.name)),
        "shortcut": (task.name, shortcut_params(task.name)),
        "transfer": (task.name, transfer_params() if parent else {}),
        "resources": ("cluster" if on_cluster else "machine", resources_params(place)),
    }
    heads = data_gives(data.name, own["data_params"]).get("heads", ())
    values = {
        group: group_form(group, f"{preset}-{owner}", params, own[group], heads)
        for group, (owner, params) in declared.items()
        if params
    }
    return RunSpec.from_dict(
        {
            "task": task.name,
            "data": data.name,
            "model": model.name,
            **values,
            "parent": parent.parent if parent else "",
            "seed": int(seed),
            "device": device,
            "name": name.strip(),
        }
    )


def named(model: Choice, data: Choice, parent: RunSpec | None) -> str:
    """A title for what is no preset."""
    if parent is None:
        return f"{model.title} on {data.title}"
    return f"{parent.parent}, trained on with {data.title}"


def pick_parent(
    task: str, first: str, owner: str, data: Choice, data_params: dict[str, Value]
) -> RunSpec | None:
    """The spec of the trained model that the run begins with, one that reads what the data give;
    None for fresh weights."""
    own, key = BACKBONES.get(task), f"begins-{owner}-{task}"
    brought: list[str] = []
    if own:
        own.choose_asked(key)
        brought = [name for name in dict.fromkeys([*own.names(), first]) if name]
    state, form = st.session_state, f"data_params-{owner}-{data.name}"
    # The fields of the data stand below, and are drawn later.
    asked = {n: state[k] for n in data.params if (k := field_key(form, n)) in state}
    every = {entry.name: entry for entry in parents(task, brought)}
    params = {**data_params, **asked}
    models = {n: e for n, e in every.items() if n == first or can_read(e, data.name, params)}
    if not models:
        return None
    usual = first if first in models else FRESH

    def one_that_fits(text: str) -> str:
        if text in every and text not in models:
            raise BadInput(f'"{text}" cannot read what {data.title} gives')
        return one_of("model to begin with", [FRESH, *models])(text)

    from_address("begins", one_that_fits, key not in state, key)
    state[key] = state[key] if state.get(key) in models or state.get(key) == FRESH else usual
    chosen = st.selectbox(
        tr("Begins with"),
        [FRESH, *models],
        format_func=lambda name: tr(models[name].title) if name in models else tr("Fresh weights"),
        key=key,
        persist_state="session",
        help=tr(
            "A trained model of the same task hands on its weights (transfer), its architecture "
            "and how it reads. Where the classes are others, its last layer is fresh. Only "
            "models are "
            "listed that can read what the data give, such as pictures of their size and colours."
        ),
    )
    if own:
        own.ask(key)
    if chosen == FRESH:
        return None
    try:
        return begun_with(str(chosen))
    except (BadInput, WeightsError, NotAllowed) as error:
        st.error(literal(tr(error)))
        return None


def pick(
    column: DeltaGenerator, label: str, choices: tuple[Choice, ...], first: str, owner: str
) -> Choice:
    names = [choice.name for choice in choices]
    titles = {choice.name: choice.title for choice in choices}
    chosen = column.selectbox(
        tr(label),
        names,
        names.index(first) if first in names else 0,
        format_func=shown_by(titles.__getitem__),
        key=f"{label.lower()}-{owner}",
        persist_state="session",
    )
    return choices[names.index(chosen)]


def group_form(
    group: str,
    owner: str,
    params: Mapping[str, Spec],
    given: Mapping[str, Value],
    heads: Sequence[str],
) -> dict[str, Any]:
    title, icon = GROUPS[group]
    unfolded = "path" in params or group == "transfer" or owner.endswith("-cluster")
    with st.expander(tr(title), icon=icon, expanded=unfolded, key=f"group-{group}-{owner}"):
        examples = {}
        if heads:
            examples = {"heads": f"All: {', '.join(heads)}", "weights": f"1 each, or {heads[0]}=2"}
        return params_form(f"{group}-{owner}", params, {}, given, examples)
