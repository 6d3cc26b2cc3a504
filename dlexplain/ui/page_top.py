"""A page that another one has opened begins at its top, where its title and its answer stand.

Streamlit keeps the place to which the last page was scrolled. A small component of our own, since a
page cannot scroll the document otherwise.
"""

import streamlit as st

JS = """
export default function({data}) {
    const before = window.dlexplainShown;
    window.dlexplainShown = data;  // called again at every run of a page
    if (before === undefined || before === data) return;
    document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
}
"""
PARTS = ("report", "run")
"""Of the address: what a page shows instead of its list."""
_top = st.components.v2.component("dlexplain.top", js=JS)


def begin_at_top(page: str) -> None:
    """page  the one that is shown, by its address"""
    shown = [page, *(st.query_params.get(part, "") for part in PARTS)]
    _top(data="/".join(shown), key="page-top", height=0)
