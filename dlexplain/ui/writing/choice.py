"""Choosing a language model and a text; no torch here."""

from collections.abc import Callable, Mapping

import streamlit as st

from dlexplain.language import shown_by, tr
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address
from dlexplain.ui.models import choose_model
from dlexplain.ui.own_models import Own

MODEL, PROMPT, TEXT = "writing-model", "writing-prompt", "writing-text"
TASK = "language-model"
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


def first_of(parameter: str, read: Callable[[str], str], usual: str, arrived: bool) -> str:
    """What `choose_one` shows first: what the address says, or the usual."""
    key = f"writing-first-{parameter}"
    from_address(parameter, read, arrived, key)
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
        tr(label),
        list(titles),
        default=default,
        format_func=shown_by(titles.__getitem__),
        key=key,
        required=True,
        label_visibility="collapsed" if collapsed else "visible",
        wrap=True,
    )
    return str(found)


def _load(name: str) -> None:
    """Raises DlexplainError."""
    from dlexplain.ui.writing import cache  # torch is imported from here on

    cache.model(name)


OWN = Own(TASK, _load)


def choose_language_model(arrived: bool) -> ModelEntry | None:
    """The picker; None where there is no model. A user's own may be added to the list."""
    entry = choose_model(
        [TASK],
        MODEL,
        arrived,
        "Language model",
        own=OWN,
        help="A lower perplexity is better, and comparable only on the same data.",
    )
    OWN.ask(MODEL)
    return entry


def choose_prompt(entry: ModelEntry, arrived: bool) -> str:
    """What is to be written on."""
    return _text(
        "Prompt", "prompt", PROMPT, PROMPTS, "", entry, arrived, 100,
        "The model goes on from here; from nothing it begins a text of its own.",
    )  # fmt: skip


def choose_text(entry: ModelEntry, arrived: bool) -> str:
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
    entry: ModelEntry,
    arrived: bool,
    height: int,
    about: str,
) -> str:
    from_address(parameter, str, arrived, key)
    first = firsts.get(entry.data, other)
    # What nobody has changed becomes the next model's.
    given = f"{key}-given"
    if st.session_state.get(key) in (None, st.session_state.get(given)) and not (
        arrived and parameter in st.query_params
    ):
        st.session_state[key] = st.session_state[given] = first
    return str(
        st.text_area(
            tr(label),
            key=key,
            height=height,
            max_chars=LONGEST,
            help=tr(about),
            persist_state="session",
        )
    )
