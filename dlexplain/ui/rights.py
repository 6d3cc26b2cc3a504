"""Controls that who looks may not use: shown, disabled, and saying why."""

from typing import Any

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import tr
from dlexplain.people import here, signs_in
from dlexplain.results import RunRecord
from dlexplain.results.words import sentence
from dlexplain.rights import may, why_not
from dlexplain.services.training.runs import share
from dlexplain.ui.markdown import literal

WITH = {"": "nobody", "viewer": "everybody who signs in", "member": "members and admins"}
"""With whom a run is shared, by the least role."""


def gate(
    action: str, owner: str | None = None, help: str | None = None, disabled: bool = False
) -> dict[str, Any]:
    """`disabled` and `help` of a control that does this: see rights.why_not.

    help, disabled  where it may be done; the words already in the reader's language
    """
    why = why_not(action, owner)
    if not why:
        return {"disabled": disabled, "help": help}
    return {"disabled": True, "help": literal(tr(sentence(why)))}


def share_popover(record: RunRecord) -> None:
    """Who else may look at a run, and its link; nothing where nobody signs in."""
    if not signs_in():
        return
    with st.popover(tr("Share"), icon=":material/group:", **gate("share", record.owner)):
        role = st.radio(
            tr("May look at it too"),
            list(WITH),
            list(WITH).index(record.shared),
            format_func=lambda one: tr(WITH[one]),
            key=f"share-{record.id}",
        )
        st.caption(
            tr(
                "They see its curves, files and pictures, and its model is offered to them. They "
                "change nothing."
            )
        )
        if st.button(tr("Share it so"), key="share-so", type="primary"):
            try:
                share(record.id, str(role))
            except (DlexplainError, OSError) as error:
                st.error(literal(tr(error)))
                return
            st.rerun()
        st.code(f"{st.context.url or ''}?run={record.id}", language=None, wrap_lines=True)


def show_owner(record: RunRecord) -> None:
    """Whose a run is, where that is another person's; and that it is shared."""
    if not signs_in():
        return
    if record.owner != here().email:
        whose = record.owner or "the server's own user"
        st.badge(literal(tr(f"of {whose}")), icon=":material/person:", color="gray")
    if record.shared:
        st.badge(tr("shared"), icon=":material/group:", color="blue")


def offers_audit() -> bool:
    """Whether the page with the audit log is one of who looks."""
    return signs_in() and may(here(), "audit")
