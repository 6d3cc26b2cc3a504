"""Choosing a translator and a text, and what the translator's card says; no torch here."""

from collections.abc import Sequence

import streamlit as st

from dlexplain.errors import BadInput, DlexplainError
from dlexplain.results.certainty import within
from dlexplain.services.translation.model_list import (
    TranslatorCard,
    TranslatorEntry,
    default_translator,
    translator_card,
    translator_entry,
)
from dlexplain.ui.markdown import literal
from dlexplain.ui.words import count
from dlexplain.ui.writing.choice import LONGEST, from_query
from dlexplain.ui.zoo import ADDRESS

MODEL, TEXT, BEAM, EXAMPLE = (f"translation-{x}" for x in ("model", "text", "beam", "example"))
FIRST_BEAM, WIDEST = 5, 32
TOKENS = {"bpe": "byte pairs", "word": "words", "character": "characters"}


def choose_translator(entries: Sequence[TranslatorEntry], arrived: bool) -> TranslatorEntry:
    """The picker; there is one entry at least."""
    known = {entry.name: entry for entry in entries}
    from_query("model", MODEL, lambda name: translator_entry(name).name, arrived)
    chosen = st.session_state.get(MODEL)
    st.session_state[MODEL] = chosen if chosen in known else default_translator()
    st.selectbox(
        "Translator",
        list(known),
        format_func=lambda name: known[name].title,
        key=MODEL,
        persist_state="session",
        help="The zoo's, and runs that have finished, the latest first. BLEU, 0 to 100, is "
        "comparable only on the same data.",
    )
    return known[st.session_state[MODEL]]


def show_card(entry: TranslatorEntry) -> None:
    """How well it does, in figures of its test set; what it was trained on."""
    try:
        card = translator_card(entry.name)
    except DlexplainError as error:
        st.error(literal(error))
        return
    source, target = map(literal, card.languages)
    how = f"{literal(card.architecture)} on {literal(card.data)}, {source} to {target}, "
    how += f"in {literal(TOKENS.get(card.tokens, card.tokens))}, at most {card.longest} a text; "
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            " · ".join(_figures(card)), width="content",
            help=f"Of {card.test:,} test texts, none of which it was trained on, searched with "
            f"beam width {card.beam}. BLEU: corpus, by sacrebleu (13a tokens, cased), 0 to 100; "
            "exact: the reference to the letter; loss: cross-entropy in nats a token.",
        )  # fmt: skip
        if st.button("Its card", icon=":material/badge:", type="tertiary", key="translation-card"):
            key = ADDRESS if entry.source == "zoo" else "run"
            st.switch_page("pages/train/2_runs.py", query_params={key: entry.name})
    st.caption(f"{how}{count(card.parameters)} parameters")


def _figures(card: TranslatorCard) -> list[str]:
    """Of its test set."""
    known = {
        key.removeprefix("test/"): value
        for key, value in card.metrics.items()
        if key.startswith("test/")
    }
    told = (("bleu", "BLEU", ".1f"), ("exact", "exact", ".1%"), ("loss", "loss", ".3g"))
    found = [
        f"{name} **{known[key]:{form}}** {within(key, known[key], card.test)}".rstrip()
        for key, name, form in told
        if key in known
    ]
    return (
        [f"Test set, n = {card.test:,}: {found[0]}", *found[1:]]
        if found
        else ["It has not been tested."]
    )


def choose_text(entry: TranslatorEntry, entries: Sequence[TranslatorEntry], arrived: bool) -> str:
    """The examples and the text field; what nobody has changed becomes the next model's."""
    state = st.session_state
    from_query("text", TEXT, str, arrived)
    known = {text for each in entries for text in each.examples}
    given = arrived and "text" in st.query_params
    another = state.get(TEXT) in known and state[TEXT] not in entry.examples
    if not given and (state.get(TEXT) is None or another):
        state[TEXT] = entry.examples[0]
    state[EXAMPLE] = state[TEXT] if state[TEXT] in entry.examples else None
    st.pills("Examples", entry.examples, format_func=literal, key=EXAMPLE, on_change=_take_example)
    return str(
        st.text_area(
            "Text", key=TEXT, height=80, max_chars=LONGEST, persist_state="session",
            help="One sentence in the source language; press Ctrl+Enter to translate it.",
        )
    )  # fmt: skip


def _take_example() -> None:
    if st.session_state.get(EXAMPLE):
        st.session_state[TEXT] = st.session_state[EXAMPLE]


def choose_beam(arrived: bool) -> int:
    """How many paths are followed side by side."""
    from_query("beam", BEAM, _beam, arrived)
    st.session_state.setdefault(BEAM, FIRST_BEAM)
    return int(
        st.number_input(
            "Beam width", 1, WIDEST, key=BEAM, persist_state="session",
            help="Paths that the search follows side by side. 1 is greedy: the likeliest token "
            "each time.",
        )
    )  # fmt: skip


def _beam(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= WIDEST:
        raise BadInput(f'beam is "{text}"; it takes a whole number from 1 to {WIDEST}')
    return int(text)
