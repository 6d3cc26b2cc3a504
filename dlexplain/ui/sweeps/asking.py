"""A new sweep: what is trained, what is varied, how trials are chosen and ended."""

import shlex
from dataclasses import dataclass, replace

import streamlit as st

from dlexplain.errors import BadInput, DlexplainError, SpecError
from dlexplain.language import sentences, tr
from dlexplain.params import Spec
from dlexplain.services.sweeps import sweeping as service
from dlexplain.services.sweeps.space import suggestion
from dlexplain.services.sweeps.spec import PRUNERS, SAMPLERS, SweepSpec, aims_of, sweep_spec
from dlexplain.services.training.catalogue import RunSpec, accepted_fields, changed
from dlexplain.services.training.presets import preset, presets_by_case
from dlexplain.ui.address import tell_wrong
from dlexplain.ui.launch.form import preset_told
from dlexplain.ui.markdown import literal
from dlexplain.ui.rights import gate

FIRST = ("training.learning_rate", "training.weight_decay")
PRESET, QUICK = "sweep-preset", "digits-cnn"


@dataclass(frozen=True)
class Base:
    """What is varied, and the words of the command line that name it."""

    spec: RunSpec
    words: tuple[str, ...]
    key: str


def base_of() -> Base | None:
    """A run that the address names, or a preset."""
    wanted = st.query_params.get("run")
    if wanted:
        try:
            spec = service.base_of_run(wanted)
        except (BadInput, DlexplainError) as error:
            tell_wrong(error)
        else:
            st.caption(tr(f"Varies the run {literal(wanted)}: {literal(spec.title)}."))
            if st.button(tr("Begin with a preset instead"), type="tertiary"):
                del st.query_params["run"]
                st.rerun()
            return Base(spec, ("--run", wanted), wanted)
    st.session_state.setdefault(PRESET, QUICK)
    name = st.selectbox(
        tr("What is trained"), presets_by_case(), key=PRESET, persist_state="session",
        format_func=preset_told,
        help=tr("Each trial is a run like this one; only what is varied differs."),
    )  # fmt: skip
    try:
        return Base(preset(name), ("--preset", name), name)
    except BadInput as error:  # such as a preset of data that are not here
        st.error(literal(tr(error)))
        return None


def ask() -> None:
    """The form; what it would start, or what is wrong with it."""
    base = base_of()
    if base is None:
        return
    accepted = accepted_fields(base.spec)
    fields = [key for key in accepted if key not in ("training.epochs", "data.path")]
    varied = st.multiselect(
        tr("What varies"), fields, [key for key in FIRST if key in fields],
        key=f"sweep-varied-{base.key}", format_func=literal,
        help=tr("Any field of a run. The learning rate nearly always matters."),
    )  # fmt: skip
    vary = _values(base, varied, accepted)
    how = _how(base)
    try:
        spec = sweep_spec(how.base, vary, **how.more)  # type: ignore[arg-type]
    except SpecError as error:
        for problem in error.problems:
            st.error(literal(tr(problem)))
        return
    except BadInput as error:
        st.error(literal(tr(error)))
        return
    st.caption(tr(_cost(spec)))
    start, icon = tr("Start the sweep"), ":material/play_arrow:"
    if st.button(start, type="primary", icon=icon, **gate("sweep")):
        _start(spec)
    with st.expander(tr("The same on the command line"), icon=":material/terminal:"):
        st.code(_command(base, spec, vary), language="bash", wrap_lines=True)


RANGE = "Write a range as LOW..HIGH, with log or step S behind it, or choices with commas between."


def _values(base: Base, varied: list[str], accepted: dict[str, Spec]) -> list[str]:
    flat = base.spec.flat()
    columns = st.columns(2)
    found = []
    for index, key in enumerate(varied):
        spec = accepted[key]
        first = suggestion(spec, flat.get(key, spec.default))
        text = columns[index % 2].text_input(
            literal(key), first, key=f"sweep-vary-{base.key}-{key}", persist_state="session",
            help=literal(sentences((spec.help, f"It takes {spec.accepts}.", RANGE))),
        )  # fmt: skip
        found.append(f"{key}={text}")
    return found


@dataclass(frozen=True)
class How:
    base: RunSpec
    more: dict[str, object]


def _how(base: Base) -> How:
    first, second, third, fourth = st.columns(4)
    sampler = first.selectbox(
        tr("Chosen by"), list(SAMPLERS), key="sweep-sampler", persist_state="session",
        help=tr("  \n".join(SAMPLERS.values())),
    )  # fmt: skip
    pruner = second.selectbox(
        tr("Ended early by"), list(PRUNERS), list(PRUNERS).index("asha"), key="sweep-pruner",
        persist_state="session", help=tr("  \n".join(PRUNERS.values())),
    )  # fmt: skip
    usual = int(base.spec.training.get("epochs", 5))
    epochs = third.number_input(
        tr("Epochs of a full trial"), 1, 1000, max(1, usual), key=f"sweep-epochs-{base.key}",
        help=tr("The learning-rate schedule is of these epochs, also where a trial is ended "
            "early."),
    )  # fmt: skip
    trials = None  # of a grid all its combinations
    if sampler != "grid":
        trials = fourth.number_input(
            tr("Trials"), 0, 1000, 20, key="sweep-trials", persist_state="session",
            help=tr("After so many no further one begins; 0 for no limit but the minutes."),
        )  # fmt: skip
    minutes = first.number_input(
        tr("Minutes"), 0.0, 40_000.0, 0.0, key="sweep-minutes", persist_state="session",
        help=tr("After so many no further trial begins; 0 for no limit but the trials."),
    )  # fmt: skip
    parallel = second.number_input(
        tr("At once"), 1, 64, 1, key="sweep-parallel", persist_state="session",
        help=tr("One a device trains at a time; further ones wait for a device that is free."),
    )  # fmt: skip
    known = aims_of(base.spec.task)
    aims = third.multiselect(
        tr("Aims"), known, known[:1], key=f"sweep-aims-{base.key}", max_selections=2,
        format_func=literal,
        help=tr("One, or two for a front, such as accuracy against latency; with two no trial is "
        "ended early. What is chosen by the test is no longer tested by it."),
    )  # fmt: skip
    seed = fourth.number_input(
        tr("Seed of the sweep"), 0, 2**31 - 1, 0, key="sweep-seed", persist_state="session",
        help=tr("The same seed draws the same values after the same results."),
    )  # fmt: skip
    spec = base.spec.with_flat({"training.epochs": int(epochs)})
    return How(
        replace(spec, name=base.spec.name),
        {
            "sampler": sampler, "pruner": pruner, "trials": trials, "minutes": float(minutes),
            "parallel": int(parallel), "aims": tuple(aims), "seed": int(seed),
        },
    )  # fmt: skip


def _cost(spec: SweepSpec) -> str:
    trials = spec.trials or 0
    most = f"At most {trials * spec.epochs:,} epochs in {trials:,} trials" if trials else "Trials"
    told = f"{most}, each a run of its own that the list of runs shows."
    if spec.pruner != "none":
        told += f" The pruner decides first after {spec.rung:,d} epoch{'s' * (spec.rung != 1)}."
    return told


def _start(spec: SweepSpec) -> None:
    try:
        found = service.start(spec)
    except (DlexplainError, OSError) as error:
        st.error(literal(tr(error)))
        return
    st.query_params.from_dict({"sweep": found.id})
    st.session_state.pop("sweep-chosen", None)
    st.rerun()


def _command(base: Base, spec: SweepSpec, vary: list[str]) -> str:
    words = ["python", "-m", "dlexplain", "sweep", "start", *base.words]
    words += ["--set", f"epochs={spec.epochs}"] * ("training.epochs" in _differs(base, spec))
    for text in vary:
        words += ["--vary", text]
    words += ["--sampler", spec.sampler, "--pruner", spec.pruner, "--trials", str(spec.trials)]
    words += ["--minutes", f"{spec.minutes:g}"] * bool(spec.minutes)
    words += ["--parallel", str(spec.parallel)] * (spec.parallel > 1)
    words += ["--sweep-seed", str(spec.seed)] * bool(spec.seed)
    for aim in spec.aims:
        words += ["--aim", aim.metric]
    return shlex.join(words)


def _differs(base: Base, spec: SweepSpec) -> set[str]:
    return {k for k, v in changed(spec.base).items() if changed(base.spec).get(k) != v}
