"""Where a model looks in a text or a picture: layer by layer, head by head."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.errors import DlexplainError
from dlexplain.language import joined, sentences, tr
from dlexplain.services.pictures.cards import TASK as PICTURES
from dlexplain.ui.address import to_address, told_above
from dlexplain.ui.attention.choice import (
    FOCUS,
    HEAD,
    HEADS,
    HIDDEN,
    LAYER,
    MODEL,
    OF,
    OWN_PICTURES,
    PICTURE,
    PICTURE_MODEL,
    VIEW,
    choose_attending,
    choose_kind,
    choose_marks,
    choose_view,
    choose_window,
)
from dlexplain.ui.glossary import glossary
from dlexplain.ui.layout import answer_first
from dlexplain.ui.markdown import literal
from dlexplain.ui.models import choose_model
from dlexplain.ui.texts.choice import IN_ADDRESS, choose_text, examples
from dlexplain.ui.words import tokens_told

if TYPE_CHECKING:
    from dlexplain.results import AttentionMaps
    from dlexplain.services.texts.attention import Window
    from dlexplain.services.texts.models import TextModel

STRANGE = 0.2  # share of unknown tokens from which a visitor is warned


def main() -> None:
    st.title(tr("Attention"), help=glossary("attention", "attention head", "attention rollout"))
    opened = OF not in st.session_state
    with told_above():
        answer, settings = answer_first(input_here=True)
        with settings:
            kind = choose_kind(opened)
        with answer:
            (of_picture if kind == PICTURE else of_text)(opened, settings)


def of_picture(opened: bool, settings: DeltaGenerator) -> None:
    from dlexplain.ui.pictures import arrived, choose_picture

    opened = opened or arrived()
    with settings:
        of_picture = st.container()
        entry = choose_model(
            [PICTURES],
            PICTURE_MODEL,
            opened,
            parameter=PICTURE_MODEL,
            shows="heads",
            own=OWN_PICTURES,
            help="Vision Transformers, which attend from each patch of the picture to each.",
        )
        OWN_PICTURES.ask(PICTURE_MODEL)
    if entry is None:
        return
    with of_picture:
        choice = choose_picture(entry, opened)
    if choice.picture is None:
        st.info(
            tr(
                "Drop a picture of your own, or open **Samples**. You will see where each of its "
                "patches looks."
            )
        )
        return
    with st.spinner(tr("Loading…")):  # torch is imported from here on, so the page is there at once
        from dlexplain.ui.attention import patches
    patches.show(entry.name, choice, opened)


def of_text(opened: bool, settings: DeltaGenerator) -> None:
    arrived = VIEW not in st.session_state
    with settings:
        entry = choose_attending(arrived)  # at every run: a run may just have finished
    if entry is None:
        return
    text = choose_text("text", "Text", examples(entry), arrived, 0)
    view = choose_view(arrived)
    if not text.strip():
        st.info(
            tr("Type or choose a sentence above. You will see where each of its tokens looks."),
            icon=":material/arrow_upward:",
        )
        return
    with st.spinner(tr("Loading…")):  # torch is imported from here on, so the page is there at once
        from dlexplain.ui.texts import cache
        from dlexplain.ui.texts import cache as text_cache

    try:
        model = text_cache.text_model(entry.name)
        windows = cache.windows(entry.name, text)
        with settings:
            number = choose_window(len(windows), arrived)
        window = windows.get(number)
        maps = cache.maps(entry.name, text, window.number)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    with settings:
        hidden = choose_marks(bool((maps.words < 0).any()), arrived)
    show_reading(window, maps)
    show_view(view, model, window, maps, hidden, arrived)
    share(text, view, window, hidden)


def show_reading(window: "Window", maps: "AttentionMaps") -> None:
    """What is read, and what the model cannot read."""
    from dlexplain.services.texts.attention_facts import counted

    layers, heads = maps.weights.shape[:2]
    counts = (f"{layers} layers" if layers > 1 else "1 layer",
              f"{heads} heads" if heads > 1 else "1 head")  # fmt: skip
    size = " × ".join(map(tr, counts))
    short = f"{layers}.{heads} is short for layer {layers}, head {heads}."
    st.caption(
        sentences(
            (
                f"{joined((size, tokens_told(*counted(maps))))}.",
                short if layers * heads > 1 else "",
                _windows_told(window) if window.of > 1 else "",
            )
        )
    )
    if window.reading.unknown >= STRANGE:
        st.warning(
            tr(
                f"{window.reading.unknown:.0%} of the tokens are unknown to this model, as those "
                "of a "
                "language or of signs that it never saw; it reads them all as the same."
            )
        )


def _windows_told(window: "Window") -> str:
    return (
        f"The text has {window.total:,} tokens, more than are read at once: this is window "
        f"{window.number:,} of {window.of:,}, its tokens {window.first:,} to {window.last:,}. Each "
        "window begins in the middle of the one before, and a token sees none outside its own."
    )


def show_view(
    view: str,
    model: "TextModel",
    window: "Window",
    whole: "AttentionMaps",
    hidden: bool,
    arrived: bool,
) -> None:
    from dlexplain.services.texts.attention_facts import head_facts, without_marks
    from dlexplain.ui.attention import measured, views

    maps = without_marks(whole) if hidden else whole
    facts = head_facts(maps)
    chosen = views.settle_head(maps, facts, arrived)
    if view == "all":
        views.show_all(maps, facts, chosen)
    elif view == "head":
        views.show_head(maps, facts, views.places_shown(whole, hidden), arrived)
    elif view == "overlaid":
        views.show_overlaid(maps, facts, chosen, views.places_shown(whole, hidden), arrived)
    elif view == "rollout":
        views.show_rollout(model, whole, hidden, arrived)
    else:
        views.show_numbers(maps, facts)
    name = f"attention-{Path(model.name).name}.npz"  # a user's own is a folder
    st.download_button(
        tr("Weights"),
        maps.to_npz,
        name,
        "application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        help=tr("NPZ: attention (layers, heads, queries, tokens) as shown, and the tokens."),
    )
    chosen = st.session_state[LAYER] - 1, st.session_state[HEAD] - 1
    measured.show_measured(model, window, whole, chosen)


def share(text: str, view: str, window: "Window", hidden: bool) -> None:
    """Keep what is seen in the page's address."""
    state = st.session_state
    focus = state.get(FOCUS)
    to_address(
        {
            OF: None,
            MODEL: state[MODEL],
            "text": text if len(text) <= IN_ADDRESS else None,
            VIEW: view,
            LAYER: str(state[LAYER]),
            HEAD: str(state[HEAD]),
            FOCUS: None if focus is None else str(focus + 1),
            HEADS: ",".join(state.get(HEADS, [])) if view == "overlaid" else None,
            "window": str(window.number) if window.of > 1 else None,
            "marks": HIDDEN if hidden else None,
        }
    )


main()
