"""The cluster on which a run would be trained: its address, and what it has when somebody asks."""

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.language import in_words, tr
from dlexplain.results.words import sentence
from dlexplain.services.cluster import (
    ClusterFacts,
    ask_cluster,
    choice_problem,
    choose_cluster,
    is_fixed,
)
from dlexplain.settings import settings
from dlexplain.ui.jobs import Asked, asked, known, result_of, show_live
from dlexplain.ui.markdown import literal
from dlexplain.ui.own_server import may_set_up

SLOT, ADDRESS, PROBLEM = "cluster", "cluster-address", "cluster-address-problem"


def offers_cluster() -> bool:
    """Whether a cluster is known, or can be given on the page."""
    return bool(settings().ray) or may_set_up()


def ask_address() -> None:
    """The cluster's address, which the environment or, on a dashboard of one's own, this page says;
    on a shared one visitors can neither see nor change it here."""
    if not may_set_up():
        return
    fixed = is_fixed()
    st.session_state[ADDRESS] = st.session_state.get(PROBLEM, (settings().ray,))[0]
    st.text_input(
        tr("Address of the cluster"),
        key=ADDRESS,
        placeholder=tr("HOST:PORT, such as 127.0.0.1:6379"),
        disabled=fixed,
        on_change=_choose,
        help=tr(
            "Set by DLEXPLAIN_RAY, which comes first; start the dashboard without it to choose "
            "here."
        )
        if fixed
        else tr(
            "HOST:PORT of the Ray cluster's head. Kept in the home folder, for this dashboard and "
            "all commands; empty forgets it. Whoever runs the cluster sees what is sent to it."
        ),
    )
    if problem := st.session_state.pop(PROBLEM, ("", ""))[1] or choice_problem():
        st.error(literal(tr(sentence(problem.rstrip(".")))))


def _choose() -> None:
    """Before the page is drawn anew; what is wrong is said there, and the text is left to mend."""
    text = str(st.session_state[ADDRESS])
    if not may_set_up():
        return
    try:
        choose_cluster(text)
    except (BadInput, OSError) as error:
        st.session_state[PROBLEM] = text, str(error)


def show_cluster() -> None:
    """What was found at the address of the settings, or a button that asks."""
    address = settings().ray
    found = known(SLOT, address)
    st.markdown(
        tr(
            f"The run is sent to the Ray cluster at {literal(address)}, waits there until there is "
            "room for it, and comes back as it goes on."
        )
    )
    if found is None:
        if st.button(tr("Ask the cluster"), icon=":material/hub:"):
            asked(SLOT, address, "The cluster", lambda progress: ask_cluster(), anew=True)
            st.rerun()
        return
    show_live(_show, found)


def _show(found: Asked[ClusterFacts]) -> None:
    facts = result_of(found, starting="Usually some seconds")
    if facts is None:
        return
    if facts.problem:
        st.error(literal(tr(f"{facts.problem}.")))
    else:
        st.dataframe(in_words(facts.rows()), hide_index=True, height="content")
    if st.button(tr("Ask again"), icon=":material/refresh:"):
        asked(SLOT, found.question, "The cluster", lambda progress: ask_cluster(), anew=True)
        st.rerun()
