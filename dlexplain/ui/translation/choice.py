"""Choosing a translator and a text, and what the translator's card says; no torch here."""

from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import tr
from dlexplain.results.words import within
from dlexplain.services.translation.card import TranslatorCard, translator_card
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, whole_number
from dlexplain.ui.markdown import literal
from dlexplain.ui.models import choose_model
from dlexplain.ui.own_models import Own
from dlexplain.ui.words import count
from dlexplain.ui.writing.choice import LONGEST
from dlexplain.ui.zoo import ADDRESS

if TYPE_CHECKING:
    from dlexplain.services.translation.models import LoadedTranslator

MODEL, TEXT, BEAM, EXAMPLE = (f"translation-{x}" for x in ("model", "text", "beam", "example"))
FIRST_BEAM, WIDEST = 5, 32
TASK = "translate"
PREFIX, LONGEST_PREFIX = "prefix", 200
NO_PREFIX = "none"
"""In the address: of a model whose config names one."""
DATES = (
    "Sunday, 3 May 1987",
    "the 14th of July 2026",
    "Tue Dec 31 1999",
    "2012, February 29",
    "1st January, 2000",
)
SENTENCES = (
    "Two young men are playing guitar in the park.",
    "A brown dog is running through the snow.",
    "A woman in a red coat is waiting for the bus.",
    "Three children are jumping into a swimming pool.",
    "An old man is reading a newspaper on a bench.",
)
TOKENS = {"bpe": "byte pairs", "word": "words", "character": "characters"}


def _load(name: str) -> None:
    """Raises DlexplainError where it cannot be used here."""
    from dlexplain.services.loading import load  # torch is imported from here on
    from dlexplain.services.translation.models import LoadedTranslator

    load(LoadedTranslator, name)


OWN = Own(TASK, _load)


def examples(entry: ModelEntry) -> tuple[str, ...]:
    """Texts of the kind that the model was trained on."""
    return DATES if entry.data == "dates" else SENTENCES


def choose_translator(arrived: bool) -> ModelEntry | None:
    """The picker, to which a user's own may be added; None where there is no model."""
    return choose_model(
        [TASK],
        MODEL,
        arrived,
        "Translator",
        own=OWN,
        help="BLEU, 0 to 100, is comparable only on the same data.",
    )


def show_card(entry: ModelEntry) -> None:
    """How well it does, in figures of its test set; what it was trained on. Of a user's own nothing
    is known before it is loaded."""
    if entry.source == "own":
        return
    try:
        card = translator_card(entry)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    source, target = map(literal, card.languages)
    pieces = TOKENS.get(card.tokens, card.tokens)
    how = (
        f"{literal(card.architecture)} on {literal(card.data)}, {source} to {target}, in "
        f"{literal(pieces)}, at most {card.longest} a text; {count(card.parameters)} parameters"
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            tr(" · ".join(_figures(card))),
            width="content",
            help=tr(
                f"Of {card.test:,} test texts, none of which it was trained on, searched with "
                f"beam width {card.beam}. BLEU: corpus, by sacrebleu (13a tokens, cased), 0 to "
                "100; "
                "exact: the reference to the letter; loss: cross-entropy in nats a token."
            ),
        )
        if st.button(
            tr("Its card"), icon=":material/badge:", type="tertiary", key="translation-card"
        ):
            key = ADDRESS if entry.source == "zoo" else "run"
            st.switch_page("pages/train/2_runs.py", query_params={key: entry.name})
    st.caption(tr(how))


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


def choose_text(entry: ModelEntry, arrived: bool) -> str:
    """The examples and the text field; what nobody has changed becomes the next model's."""
    state = st.session_state
    from_address("text", str, arrived, TEXT)
    known, own = {*DATES, *SENTENCES}, examples(entry)
    given = arrived and "text" in st.query_params
    another = state.get(TEXT) in known and state[TEXT] not in own
    if not given and (state.get(TEXT) is None or another):
        state[TEXT] = own[0]
    state[EXAMPLE] = state[TEXT] if state[TEXT] in own else None
    st.pills(tr("Examples"), own, format_func=literal, key=EXAMPLE, on_change=_take_example)
    return str(
        st.text_area(
            tr("Text"),
            key=TEXT,
            height=80,
            max_chars=LONGEST,
            persist_state="session",
            help=tr("One sentence in the source language; press Ctrl+Enter to translate it."),
        )
    )


def _take_example() -> None:
    if st.session_state.get(EXAMPLE):
        st.session_state[TEXT] = st.session_state[EXAMPLE]


def choose_prefix(model: "LoadedTranslator", arrived: bool) -> str:
    """What a user's own model reads before the text; "" of one that was trained here."""
    if not model.reach:
        return ""
    key = f"{PREFIX}-{model.name}"
    from_address(PREFIX, lambda text: "" if text == NO_PREFIX else text, arrived, key)
    st.session_state.setdefault(key, model.prefix)
    st.caption(
        tr(
            f"{literal(model.title)}: {count(model.parameters)} parameters, on "
            f"{model.device_text}; it "
            f"writes at most {model.reach} tokens."
        )
    )
    return str(
        st.text_input(
            tr("Prefix"),
            key=key,
            max_chars=LONGEST_PREFIX,
            persist_state="session",
            placeholder=tr("none"),
            help=tr(
                "Read before the text, as by T5, which is told its task so: translate English to "
                "German: . At first what the model's config names. It is never taken away."
            ),
        )
    ).strip()


def choose_beam(arrived: bool) -> int:
    """How many paths are followed side by side."""
    from_address("beam", whole_number("beam", 1, WIDEST), arrived, BEAM)
    st.session_state.setdefault(BEAM, FIRST_BEAM)
    return int(
        st.number_input(
            tr("Beam width"),
            1,
            WIDEST,
            key=BEAM,
            persist_state="session",
            help=tr(
                "Paths that the search follows side by side. 1 is greedy: the likeliest token "
                "each time."
            ),
        )
    )
