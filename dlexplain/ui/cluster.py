"""The cluster on which a run would be trained, asked when somebody wants to know."""

import streamlit as st

from dlexplain.services.cluster import ClusterFacts, ask_cluster
from dlexplain.settings import settings
from dlexplain.ui.jobs import Asked, asked, known, result_of, show_live
from dlexplain.ui.markdown import literal

SLOT = "cluster"


def show_cluster() -> None:
    """What was found at the address of the settings, or a button that asks."""
    address = settings().ray
    found = known(SLOT, address)
    st.markdown(
        f"The run is sent to the Ray cluster at {literal(address)}, waits there until there is "
        "room for it, and comes back as it goes on."
    )
    if found is None:
        if st.button("Ask the cluster", icon=":material/hub:"):
            asked(SLOT, address, "The cluster", lambda progress: ask_cluster(), anew=True)
            st.rerun()
        return
    show_live(_show, found)


def _show(found: Asked[ClusterFacts]) -> None:
    facts = result_of(found, starting="Usually some seconds")
    if facts is None:
        return
    if facts.problem:
        st.error(literal(f"{facts.problem}."))
    else:
        st.dataframe(facts.rows(), hide_index=True, height="content")
    if st.button("Ask again", icon=":material/refresh:"):
        asked(SLOT, found.question, "The cluster", lambda progress: ask_cluster(), anew=True)
        st.rerun()
