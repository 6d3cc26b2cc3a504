"""A language model writes, reads, and shows what it remembers."""

from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import tr
from dlexplain.ui.address import one_of, to_address
from dlexplain.ui.layout import answer_first
from dlexplain.ui.markdown import literal
from dlexplain.ui.writing.choice import (
    choose_language_model,
    choose_one,
    choose_prompt,
    choose_text,
    first_of,
    shared,
)

if TYPE_CHECKING:
    from dlexplain.trained.catalogue import ModelEntry

VIEWS = {"write": "Write", "read": "Read", "inside": "Inside", "reach": "Gradient reach"}
VIEW = "writing-view"


def main() -> None:
    st.title(tr("Generate text"))
    arrived = VIEW not in st.session_state
    answer, settings = answer_first(input_here=True)
    with settings:
        entry = choose_language_model(arrived)
    if entry is None:
        return
    with answer:
        show(entry, arrived)


def show(entry: "ModelEntry", arrived: bool) -> None:
    """The view that is chosen, above it the text."""
    first = first_of("view", one_of("view", VIEWS), "write", arrived)
    view = choose_one("View", VIEWS, VIEW, first, collapsed=True)
    choose = choose_prompt if view == "write" else choose_text
    text = choose(entry, arrived)
    with st.spinner(tr("Loading…")):  # torch is imported from here on
        from dlexplain.ui.writing import cache
    try:
        model = cache.model(entry.name)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    kept: dict[str, str | None] = {}
    if view == "write":
        from dlexplain.ui.writing.write import show_writing

        kept = show_writing(model, text, arrived)
    elif view == "read":
        from dlexplain.ui.writing.read import show_reading

        kept = show_reading(model, text, arrived)
    elif view == "inside":
        from dlexplain.ui.writing.inside import show_inside

        show_inside(model, text)
    else:
        from dlexplain.ui.writing.reach import show_reach

        show_reach(entry, text)
    what = "prompt" if view == "write" else "text"
    to_address({"model": entry.name, "view": view, what: shared(text), **kept})


main()
