"""Many trainings that differ in chosen fields: the best so far, and what they say of the fields."""

import streamlit as st

from dlexplain.errors import RunError, UnknownName
from dlexplain.language import tr
from dlexplain.results.sweeps import Sweep
from dlexplain.services.shipped_examples import example_sweep
from dlexplain.services.sweeps import sweeping as service
from dlexplain.ui.address import tell_wrong, to_address
from dlexplain.ui.glossary import glossary
from dlexplain.ui.markdown import literal
from dlexplain.ui.sweeps.asking import ask
from dlexplain.ui.sweeps.showing import actions, show_best, show_found, show_head
from dlexplain.ui.words import moment

CHOSEN = "sweep-chosen"


def main() -> None:
    st.title(tr("Sweep"), help=glossary("TPE", "ASHA"))
    known = {found.id: found for found in service.sweeps()}
    base = st.query_params.get("run")
    found = choose(known, fresh=base is not None)
    if found is not None:
        st.subheader(literal(found.name))
        show_head(found)
        actions(found)
        show_found(found)
    elif not known:
        st.info(
            tr(
                "There is no sweep yet. Choose below what is trained and which fields vary, then "
                "start "
                "it: you will see here which values are best, and which of the fields matter."
            ),
            icon=":material/arrow_downward:",
        )
        if example := example_sweep():
            st.caption(tr("Until then the page shows one that came along."))
            st.subheader(literal(tr(example.name)))
            show_best(example)
            show_found(example)
    with st.expander(
        tr("A new sweep"), icon=":material/tune:", key="sweep-new", expanded=found is None,
        on_change="rerun",
    ) as form:  # fmt: skip
        if form.open:
            ask()
    to_address({"sweep": found.id if found else None, "run": st.query_params.get("run")})


def choose(known: dict[str, Sweep], fresh: bool) -> Sweep | None:
    """The one that is shown: of the address, or chosen, or the latest; None where there is none, or
    the address begins a new one."""
    wanted = st.query_params.get("sweep")
    if CHOSEN not in st.session_state and wanted:
        try:
            st.session_state[CHOSEN] = service.sweep_now(wanted).id
        except (UnknownName, RunError) as error:
            tell_wrong(error)
    if st.session_state.get(CHOSEN) not in known:
        st.session_state.pop(CHOSEN, None)
    if not known or (fresh and CHOSEN not in st.session_state):
        return None
    if len(known) == 1:
        return next(iter(known.values()))
    chosen = st.selectbox(
        tr("Sweep"),
        list(known),
        key=CHOSEN,
        format_func=lambda one: literal(
            f"{known[one].name}, {known[one].state}, {moment(known[one].created)}"
        ),
    )
    return known[chosen] if chosen else None


main()
