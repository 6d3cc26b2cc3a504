"""The second class of a question: which class the first one is told from."""

from collections.abc import Sequence

import streamlit as st

from dlexplain.language import tr
from dlexplain.services.question import Classifies, has_two, usual_contrast
from dlexplain.ui.address import from_address

ALONE = "alone"
"""In the address: no second class, of a model that has two."""
ITS_SCORE_ALONE = "Nothing: its score alone"
HELP = (
    "Explains the difference of the two classes' scores: what speaks for the first rather than for "
    "the second."
)


def choose_contrast(
    place: "st.delta_generator.DeltaGenerator",
    model: Classifies,
    titles: Sequence[str],
    target: int,
    key: str,
    unchosen: str,
) -> int | None:
    """The select box "Rather than"; returns the index of the second class, or None.

    unchosen  what stands there while no class is chosen
    titles  of the classes; key, in the session, where the chosen title or ALONE is kept
    Of a model with two classes it is the other one, unless the score alone is asked for.
    """
    other = usual_contrast(model, target)
    options = list(titles) if other is None else [ALONE]
    state = st.session_state
    state[key] = state[key] if state.get(key) in options else None
    chosen = place.selectbox(
        tr("Rather than"),
        options,
        index=None,
        format_func=lambda option: tr(ITS_SCORE_ALONE) if other and option == ALONE else tr(option),
        placeholder=tr(unchosen) if other is None else tr(f"{other.label}, the other class"),
        key=key,
        persist_state="session",
        help=tr(HELP),
    )
    if other is not None:
        return None if chosen == ALONE else other.index
    return None if chosen is None else list(titles).index(chosen)


def contrast_from_address(
    key: str, model: Classifies, titles: Sequence[str], arrived: bool
) -> None:
    """Take what the address asks for into the session."""

    def read(text: str) -> str | None:
        if has_two(model) and text == ALONE:
            return ALONE
        found = titles[model.find_class(text).index]
        return None if has_two(model) else found  # the other one is taken anyhow

    from_address(key, read, arrived)
