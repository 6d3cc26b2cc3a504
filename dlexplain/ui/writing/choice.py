"""Choosing a language model and a text; no torch here."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.services.texts.hugging_face import Kind, is_own_model
from dlexplain.services.writing.model_list import (
    LanguageEntry,
    default_model,
    language_entries,
    language_entry,
)
from dlexplain.ui.address import tell_wrong
from dlexplain.ui.own_models import ask_own, choose_asked, load_own

MODEL, PROMPT, TEXT = "writing-model", "writing-prompt", "writing-text"
OWN = "own-language-models"
"""In the session: the user's own, by folder or name on the hub."""
LANGUAGE_MODEL: Kind = "causal language model"
LONGEST = 400_000
"""Characters that a text field takes: more than 50,000 words."""
SHARED = 600
"""Characters up to which a text is in the address."""
PROMPTS = {"shakespeare": "HELENA\nI am", "ptb": "the company said"}
TEXTS = {
    "shakespeare": "JAQUES\nAll the world's a stage,\nAnd all the men and women merely players:\n"
    "They have their exits and their entrances;\nAnd one man in his time plays many parts,\n"
    "His acts being seven ages. At first the infant,\nMewling and puking in the nurse's arms.\n"
    "And then the whining school-boy, with his satchel\nAnd shining morning face, creeping like "
    "snail\nUnwillingly to school.\n",
    "ptb": "the company said it expects to report a loss for the third quarter\n"
    "a spokesman said the decision was made after a meeting of the board in new york\n"
    "analysts had expected the price of the shares to rise but the market fell N N in heavy "
    "trading\nthe bank which owns N N of the company 's shares said it would n't sell them\n",
}
OTHER = "It was a bright cold day in April, and the clocks were striking thirteen."


def from_query(parameter: str, key: str, read: Callable[[str], Any], arrived: bool) -> None:
    """Set the widget `key` from the address, where the page has just been opened by it."""
    if parameter not in st.query_params or not arrived:
        return
    try:
        st.session_state[key] = read(st.query_params[parameter])
    except BadInput as error:
        tell_wrong(error)


def first_of(parameter: str, read: Callable[[str], str], usual: str, arrived: bool) -> str:
    """What `choose_one` shows first: what the address says, or the usual."""
    key = f"writing-first-{parameter}"
    from_query(parameter, key, read, arrived)
    return str(st.session_state.pop(key, usual))


def choose_one(
    label: str, titles: Mapping[str, str], key: str, first: str, collapsed: bool = False
) -> str:
    """A segmented control of which one is always chosen.

    The choice goes to the browser as the control's default: a value that is only set in the
    session is lost where the page runs again before it was drawn, and none is then marked.
    """
    state = st.session_state
    default: str | None = state.get(key, first)
    if default not in titles:  # the browser has none
        state[key], default = first, None
    found = st.segmented_control(
        label, list(titles), default=default, format_func=titles.__getitem__, key=key,
        required=True, label_visibility="collapsed" if collapsed else "visible", wrap=True,
    )  # fmt: skip
    return str(found)


def choose_language_model(arrived: bool) -> LanguageEntry | None:
    """The picker; None where there is no model. A user's own may be added to the list."""
    own: list[str] = st.session_state.setdefault(OWN, [])
    from_query("model", MODEL, lambda name: _known(name, own), arrived)
    choose_asked(own, MODEL, LANGUAGE_MODEL, _load)
    known = {entry.name: entry for entry in language_entries(own)}  # a run may just have finished
    if not known:
        return None
    chosen = st.session_state.get(MODEL)
    st.session_state[MODEL] = chosen if chosen in known else default_model()
    st.selectbox(
        "Language model",
        list(known),
        format_func=lambda name: known[name].title,
        key=MODEL,
        persist_state="session",
        help="The zoo's, and runs that have finished, the latest first. A lower perplexity is "
        "better, and comparable only on the same data.",
    )
    entry = known[st.session_state[MODEL]]
    ask_own(MODEL, LANGUAGE_MODEL)
    return entry


def _known(name: str, own: list[str]) -> str:
    """The name where it is of a model; one of the user's own is loaded and joins the list."""
    if is_own_model(name):
        return load_own(name, own, LANGUAGE_MODEL, _load)
    return language_entry(name).name


def _load(name: str) -> None:
    """Raises DlexplainError."""
    from dlexplain.ui.writing import cache  # torch is imported from here on

    cache.model(name)


def choose_prompt(entry: LanguageEntry, arrived: bool) -> str:
    """What is to be written on."""
    return _text(
        "Prompt", "prompt", PROMPT, PROMPTS, "", entry, arrived, 100,
        "The model goes on from here; from nothing it begins a text of its own.",
    )  # fmt: skip


def choose_text(entry: LanguageEntry, arrived: bool) -> str:
    """What is to be read."""
    return _text(
        "Text", "text", TEXT, TEXTS, OTHER, entry, arrived, 180,
        "Any text; press Ctrl+Enter to have it read.",
    )  # fmt: skip


def shared(text: str) -> str | None:
    """The text for the address, where it is short enough."""
    return text if len(text) <= SHARED else None


def _text(
    label: str,
    parameter: str,
    key: str,
    firsts: dict[str, str],
    other: str,
    entry: LanguageEntry,
    arrived: bool,
    height: int,
    about: str,
) -> str:
    from_query(parameter, key, str, arrived)
    first = firsts.get(entry.data, other)
    # What nobody has changed becomes the next model's.
    given = f"{key}-given"
    if st.session_state.get(key) in (None, st.session_state.get(given)) and not (
        arrived and parameter in st.query_params
    ):
        st.session_state[key] = st.session_state[given] = first
    return str(
        st.text_area(
            label, key=key, height=height, max_chars=LONGEST, help=about, persist_state="session"
        )
    )
