"""Putting a finished run's model into MLflow's registry, from its page."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.language import tr
from dlexplain.results.words import sentence
from dlexplain.rights import why_not as barred
from dlexplain.ui.jobs import Asked, asked, known, result_of, show_live
from dlexplain.ui.markdown import literal

if TYPE_CHECKING:
    from dlexplain.results import RunRecord
    from dlexplain.services.jobs import Progress
    from dlexplain.services.training.registering import Registered

SLOT = "register"
MADE = "A version of this model is made; the model too, where MLflow does not have it yet."
ALIASES = (
    "Moved to this version, such as staging or production, which MLflow has in place of stages. "
    "Empty leaves all aliases where they are."
)


def register_popover(record: "RunRecord") -> None:
    """A button that asks for name and alias; of a run that cannot be registered it says why."""
    from dlexplain.services.training.registering import registry_name, why_not

    if record.active:
        return
    why = barred("register", record.owner) or why_not(record)
    with st.popover(
        tr("Register"),
        icon=":material/deployed_code:",
        disabled=bool(why),
        help=literal(tr(sentence(why.rstrip("."))))
        if why
        else tr("As a model in MLflow's registry."),
        key=f"register-{record.id}",
        on_change="rerun",
    ):
        if why:
            return
        st.markdown(tr(f"In MLflow's registry of models. {MADE}"))
        st.text_input(tr("Model"), registry_name(record), key=f"model-{record.id}")
        st.text_input(tr("Alias"), key=f"alias-{record.id}", help=tr(ALIASES))
        st.button(
            tr("Register it"),
            key=f"register-it-{record.id}",
            type="primary",
            on_click=partial(_ask, record.id),
        )


def _ask(run: str) -> None:
    """Before the page is drawn anew, so that the popover can be closed: the answer is below it."""
    state = st.session_state
    name, alias = state[f"model-{run}"], state[f"alias-{run}"].strip()
    state[f"register-{run}"] = False

    def work(progress: "Progress") -> "Registered":
        from dlexplain.services.training.registering import register_apart

        return register_apart(run, name, alias, progress)

    asked(SLOT, run, "Registering", work, anew=True)


def show_registered(record: "RunRecord") -> None:
    """What came of it, or how far it is; nothing where nobody has asked."""
    found = known(SLOT, record.id)
    if found is not None:
        show_live(_show, found)


def _show(found: "Asked[Registered]") -> None:
    done = result_of(found, starting="Waiting for MLflow", again="Try again")
    if done is not None:
        st.success(literal(tr(sentence(done.told))), icon=":material/deployed_code:")
