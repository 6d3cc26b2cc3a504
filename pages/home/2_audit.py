"""Who did what, and when: for admins of a dashboard to which people sign in."""

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import in_words, tr
from dlexplain.services.auditing import MOST, audited
from dlexplain.ui.markdown import literal
from dlexplain.ui.words import moment


def main() -> None:
    st.title(tr("Audit log"))
    who = st.text_input(tr("Of one person"), key="audit-who", placeholder=tr("e-mail address"))
    try:
        lines = audited(who.strip().lower())
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    st.caption(
        tr(
            f"The last {MOST:,} changes, the latest first. What was only looked at, and what was "
            "done on the command line, is not among them."
        )
    )
    rows = [
        {
            "When": moment(line.at),
            "Who": line.who,
            "What": line.what,
            "Of": line.target,
            "How": line.detail,
        }
        for line in lines
    ]
    if not rows:
        st.info(tr("Nothing has been changed yet."))
        return
    st.dataframe(in_words(rows), hide_index=True, height="content" if len(rows) < 20 else 640)


main()
