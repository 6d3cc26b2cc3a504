"""Choosing a model that reads, and a text of which one token is looked at; no torch here."""

from collections.abc import Callable, Sequence

import streamlit as st

from dlexplain.figures.token_names import shown
from dlexplain.language import tr
from dlexplain.ui.address import from_address
from dlexplain.ui.layers.choice import choose_number
from dlexplain.ui.writing.choice import OTHER, TEXTS

LONGEST = 2_000
"""Characters that the text field takes."""


def choose_words(key: str, data: str, opened: bool) -> str:
    """The text; data  what the model was trained on, which says how its texts begin."""
    from_address("text", str, opened, key)
    first = _line(TEXTS.get(data, OTHER))
    known = {_line(text) for text in (*TEXTS.values(), OTHER)}
    asked = opened and "text" in st.query_params
    if not asked and st.session_state.get(key, first) in known:  # what nobody has changed
        st.session_state[key] = first
    return str(
        st.text_area(
            tr("Text"),
            key=key,
            height=80,
            max_chars=LONGEST,
            persist_state="session",
            help=tr("Press Ctrl+Enter to have it read."),
        )
    )


def _line(text: str) -> str:
    """One of a text's first two: of a play the first only says who speaks."""
    return max(text.splitlines()[:2], key=len)


def choose_token(
    tokens: Sequence[str], key: str, about: str, opened: bool, first: Callable[[], int]
) -> int:
    """By its place, with the token beside it."""
    place = choose_number(
        "Token", "token", key, len(tokens), about, opened, first, "Which token is read."
    )
    st.caption(
        tr(
            " ".join(
                f":blue-background[{_plain(t)}]" if i == place else _plain(t)
                for i, t in enumerate(tokens)
            )
        )
    )
    return place


def _plain(token: str) -> str:
    from dlexplain.ui.markdown import literal

    return literal(shown(token))
