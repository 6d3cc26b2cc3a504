"""Choosing a model that reads, and a text of which one token is looked at; no torch here."""

from collections.abc import Callable, Sequence
from typing import Protocol

import streamlit as st

from dlexplain.errors import UnknownName
from dlexplain.figures.token_names import shown
from dlexplain.ui.layers.choice import choose_number
from dlexplain.ui.writing.choice import OTHER, TEXTS, from_query

LONGEST = 2_000
"""Characters that the text field takes."""


class Entry(Protocol):
    """What a picker needs of a model."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...


def choose_reader(entries: Sequence[Entry], key: str, opened: bool) -> str:
    """The picker of a model; `entries` are at least one."""
    known = {entry.name: entry.title for entry in entries}

    def read(name: str) -> str:
        if name not in known:
            raise UnknownName(f'unknown model "{name}"; known: {", ".join(known)}')
        return name

    from_query("reader", key, read, opened)
    if st.session_state.get(key) not in known:
        st.session_state[key] = next(iter(known))
    return str(
        st.selectbox("Model", list(known), format_func=known.__getitem__, key=key,
                     persist_state="session")
    )  # fmt: skip


def choose_words(key: str, data: str, opened: bool) -> str:
    """The text; data  what the model was trained on, which says how its texts begin."""
    from_query("text", key, str, opened)
    first = TEXTS.get(data, OTHER).splitlines()[0]
    known = {text.splitlines()[0] for text in (*TEXTS.values(), OTHER)}
    asked = opened and "text" in st.query_params
    if not asked and st.session_state.get(key, first) in known:  # what nobody has changed
        st.session_state[key] = first
    return str(
        st.text_area("Text", key=key, height=80, max_chars=LONGEST, persist_state="session",
                     help="Press Ctrl+Enter to have it read.")
    )  # fmt: skip


def choose_token(
    tokens: Sequence[str], key: str, about: str, opened: bool, first: Callable[[], int]
) -> int:
    """By its place, with the token beside it."""
    place = choose_number("Token", "token", key, len(tokens), about, opened, first,
                          "Which token is read.")  # fmt: skip
    st.caption(
        " ".join(f":blue-background[{_plain(t)}]" if i == place else _plain(t)
                 for i, t in enumerate(tokens))
    )  # fmt: skip
    return place


def _plain(token: str) -> str:
    from dlexplain.ui.markdown import literal

    return literal(shown(token))
