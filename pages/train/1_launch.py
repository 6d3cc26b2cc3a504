"""A training is put together, estimated on this machine, and started."""

import json
import shlex

import streamlit as st

from dlexplain.errors import BadInput, DlexplainError, NotAllowed, RunError, SpecError, WeightsError
from dlexplain.language import in_words, tr
from dlexplain.results import ClassBalance
from dlexplain.results.words import capital, duration
from dlexplain.services.training.catalogue import (
    RunSpec,
    augmentation_params,
    changed,
    complete,
    data_status,
)
from dlexplain.services.training.parents import begun_with
from dlexplain.services.training.presets import PRESETS, is_quick, preset_seconds, presets_by_case
from dlexplain.services.training.runs import MOST_SEEDS, launch_seeds, run
from dlexplain.trained.zoo_cards import zoo_cards
from dlexplain.ui.address import from_address, tell_wrong, to_address
from dlexplain.ui.cluster import show_cluster
from dlexplain.ui.estimate import show_estimate
from dlexplain.ui.forms import field_key
from dlexplain.ui.glossary import glossary
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.launch.form import FRESH, ask, preset_told
from dlexplain.ui.markdown import literal
from dlexplain.ui.rate_search import show_rate_search
from dlexplain.ui.rights import gate
from dlexplain.ui.variants import show_variants
from dlexplain.ui.zoo import ADDRESS

FIRST = "digits-cnn"


def main() -> None:
    st.title(
        tr("Train a model"), help=glossary("epoch", "loss", "validation", "learning rate", "seed")
    )
    st.markdown(
        tr(
            "A training runs in a process of its own: it goes on when this page, or the dashboard, "
            "is closed. Start from a preset, change what you like, measure what it would take here."
        )
    )
    from_address("preset", lambda name: PRESETS[name].name)
    st.session_state.setdefault("preset", FIRST)
    name = st.selectbox(
        tr("Preset"),
        presets_by_case(),
        format_func=preset_told,
        key="preset",
        persist_state="session",
        on_change=forget_parent,
    )
    started = trained_on()
    again = st.query_params.get("run") if started else None  # a run that is trained again
    about = st.container()
    form, result = st.columns([3, 2], gap="large")
    with form:
        owner = f"{name}-{again or started.parent}" if started else name
        spec = ask(owner, started or PRESETS[name].spec)
    own = (started or PRESETS[name].spec).parent
    to_address(
        {
            "preset": name,
            "run": again,
            "parent": started.parent if started and not again else None,
            "begins": None if spec.parent == own else spec.parent or FRESH,
        }
    )
    with about:
        if again:
            st.caption(
                tr(
                    f"The form begins with everything that run {literal(again)} was told. "
                    "Another preset begins anew."
                )
            )
        elif started:
            how = (
                f"with how {literal(started.parent)} was trained, and the run with its weights"
                if started.data
                else f"with your own model {literal(started.parent)}, and the run with its weights"
            )
            st.caption(tr(f"The form begins {how}. Another preset begins anew."))
        else:
            tell_preset(name, spec)
    with result:
        completed = check(spec)
        if completed is not None:
            look(completed)
            vary(completed)
            show_rate_search(completed, field_key(f"training-{owner}-{spec.task}", "learning_rate"))
            act(completed, name)


def trained_on() -> RunSpec | None:
    """What the address asks to train on, or again, as a run to change."""
    parent, again = st.query_params.get("parent"), st.query_params.get("run")
    try:
        if again:
            return RunSpec.from_dict(run(again).spec)
        return begun_with(parent) if parent else None
    except (BadInput, WeightsError, RunError, NotAllowed) as error:
        tell_wrong(error)
        return None


def forget_parent() -> None:
    for key in ("parent", "run"):
        st.query_params.pop(key, None)


def tell_preset(name: str, spec: RunSpec) -> None:
    """What the preset trains, how long that takes and what came of it; what is chosen otherwise is
    another training, of which none of this is known."""
    if _trained(spec) != _trained(PRESETS[name].spec):
        st.caption(tr("Changed from the preset; measure a few steps to learn how long it takes."))
        return
    st.caption(tr(PRESETS[name].description))
    with st.container(horizontal=True, vertical_alignment="center"):
        if seconds := preset_seconds(name):
            st.badge(
                tr(f"about {duration(seconds)} on two cores"),
                icon=":material/timer:",
                color="green" if is_quick(name) else "gray",
            )
        already_trained(name)


def _trained(spec: RunSpec) -> dict[str, object]:
    """What is trained on what and how, wherever the data lie."""
    said = {key: value for key, value in changed(spec).items() if key != "data.path"}
    return {"task": spec.task, "data": spec.data, "model": spec.model, **said}


def already_trained(name: str) -> None:
    card = next((card for card in zoo_cards() if card.name == name), None)
    if card is None:
        return
    told = f"in the zoo: {card.headline_words}"  # our own words; a badge escapes brackets itself
    st.badge(tr(told), icon=":material/inventory_2:", color="blue")
    st.page_link("pages/train/2_runs.py", label=tr("Its card"), query_params={ADDRESS: card.name})


def check(spec: RunSpec) -> RunSpec | None:
    """The completed spec, or what is wrong with it, all at once."""
    try:
        completed = complete(spec)
        status = data_status(completed.data, completed.data_params)
    except SpecError as error:
        for problem in error.problems:
            st.error(literal(tr(problem)))
        return None
    except BadInput as error:
        st.error(literal(tr(error)))
        return None
    if status.there:
        return completed
    if status.fetched:
        st.info(
            tr(f"The data is not here yet: {literal(status.how)}."),
            icon=":material/cloud_download:",
        )
        return completed
    st.error(tr(f"{literal(capital(status.how))}, in the field under Data."))
    return None


def look(spec: RunSpec) -> None:
    """What a classifier would learn from, read in the background, once for the same data."""
    from dlexplain.services.training.balance import TASKS, class_balance

    if spec.task not in TASKS:
        return
    question = json.dumps([spec.data, dict(spec.data_params)])
    found = asked("balance", question, "Reading the data", lambda progress: class_balance(spec))
    show_live(show_balance, found)


def show_balance(found: Asked[ClassBalance]) -> None:
    balance = result_of(found, starting="Reading the data …")
    if balance is None:
        return
    with st.container(border=True):
        st.subheader(tr("Data"))
        st.markdown(literal(tr(f"{balance.split_words}.")))
        for problem in balance.few():
            st.warning(literal(tr(f"{problem}.")), icon=":material/warning:")
        rows = balance.rows()
        st.dataframe(in_words(rows), hide_index=True, height="content" if len(rows) < 7 else 250)


def vary(spec: RunSpec) -> None:
    """Examples beside their variants, where the task's examples can be varied."""
    if not augmentation_params(spec.task):
        return
    with st.expander(tr("How examples are varied"), icon=":material/flip:", key="varied"):
        if data_status(spec.data, spec.data_params).there:
            show_variants(spec)
        else:
            st.markdown(
                tr("The data is not here yet; once a run has fetched it, examples are shown.")
            )


def act(spec: RunSpec, preset: str) -> None:
    """Estimate, start, and how to do the same elsewhere."""
    with st.container(border=True):
        if spec.device == "ray":
            st.subheader(tr("On the cluster"), help=glossary("data parallel"))
            show_cluster()
        else:
            st.subheader(tr("On this machine"))
            show_estimate(spec)
        seeds = st.number_input(
            tr("Seeds"),
            1,
            MOST_SEEDS,
            key="seeds",
            help=tr(
                "How often it is trained, with consecutive seeds from the one above. Compare "
                "shows the mean of such a family with its interval."
            ),
        )
        label = "Start training" if seeds == 1 else f"Start {seeds} trainings"
        if st.button(
            tr(label), type="primary", icon=":material/play_arrow:", key="start", **gate("train")
        ):
            start(spec, int(seeds))
    with st.expander(tr("The same on the command line"), icon=":material/terminal:"):
        more = f" --seeds {seeds}" if seeds > 1 else ""
        st.code(command(spec) + more, language="bash", wrap_lines=True)
        st.download_button(
            tr("Spec as JSON"),
            json.dumps(spec.to_dict(), indent=1),
            file_name=f"{preset}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            help="`python -m dlexplain train --spec FILE.json`",
        )


def start(spec: RunSpec, seeds: int) -> None:
    try:
        with st.spinner(tr("Reading the data…")):
            records = launch_seeds(spec, seeds)
    except (DlexplainError, OSError) as error:
        st.error(literal(tr(error)))
        return
    query = {"run": records[0].id} if seeds == 1 else {"find": f"family:{records[0].family}"}
    st.switch_page("pages/train/2_runs.py", query_params=query)


def command(spec: RunSpec) -> str:
    """The train command that launches this spec, with what differs from the defaults."""
    words = ["python", "-m", "dlexplain", "train", "--task", spec.task, "--data", spec.data]
    words += ["--model", spec.model]
    words += ["--name", spec.name] if spec.name else []
    words += ["--seed", str(spec.seed)] if spec.seed else []
    words += ["--device", spec.device] if spec.device != "auto" else []
    values = changed(spec)
    words += ["--parent", spec.parent] if values.pop("parent", "") else []
    for key, value in values.items():
        words += ["--set", f"{key}={value}"]
    return shlex.join(words)


main()
