"""A text is translated; where the network looked, and which source words decided."""

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.errors import DlexplainError
from dlexplain.language import tr
from dlexplain.ui.address import to_address, told_above
from dlexplain.ui.layout import answer_first
from dlexplain.ui.markdown import literal
from dlexplain.ui.translation.choice import (
    MODEL,
    NO_PREFIX,
    OWN,
    PREFIX,
    TEXT,
    choose_beam,
    choose_prefix,
    choose_text,
    choose_translator,
    show_card,
)
from dlexplain.ui.writing.choice import shared

if TYPE_CHECKING:
    from dlexplain.results import Translation
    from dlexplain.services.translation.models import LoadedTranslator
    from dlexplain.trained.catalogue import ModelEntry

SLOT = "translation"


def main() -> None:
    st.title(tr("Translate and look inside"))
    arrived = TEXT not in st.session_state
    with told_above():
        answer, settings = answer_first(input_here=True)
        with settings:
            entry = choose_translator(arrived)
            if entry is None:
                return
            beam = choose_beam(arrived)
            OWN.ask(MODEL)
            show_card(entry)
            of_model = st.container()
    with answer:
        translated(entry, beam, arrived, of_model)


def translated(entry: "ModelEntry", beam: int, arrived: bool, settings: DeltaGenerator) -> None:
    """The text and what becomes of it; what the model asks for further goes into the settings."""
    text = choose_text(entry, arrived)
    if not text.strip():
        st.info(tr("Type a sentence above, or choose an example."), icon=":material/arrow_upward:")
        return
    with st.spinner(tr("Loading…")):  # torch is imported from here on
        from dlexplain.services.loading import load
        from dlexplain.services.translation.models import LoadedTranslator
        from dlexplain.services.translation.translating import translate
    kept: dict[str, str | None] = {}
    try:
        with st.spinner(tr("Loading the model…")):
            model = load(LoadedTranslator, entry.name)
        with settings:
            prefix = choose_prefix(model, arrived)
        with st.spinner(tr("Translating…"), show_time=True):
            translation = translate(model, text, beam, prefix=prefix)
        shown = show(model, translation, arrived)
        kept = {PREFIX: prefix or (NO_PREFIX if model.prefix else None), **shown}
    except DlexplainError as error:
        st.error(literal(tr(error)))
    to_address({"model": entry.name, "text": shared(text), "beam": str(beam), **kept})


def show(
    model: "LoadedTranslator", translation: "Translation", arrived: bool
) -> dict[str, str | None]:
    """All answers; returns what of it is to be in the address."""
    from dlexplain.services.translation.translating import cross_attention
    from dlexplain.services.translation.why import why_written
    from dlexplain.ui.jobs import asked, show_live
    from dlexplain.ui.translation import looked, why
    from dlexplain.ui.translation.written import choose_token, show_candidates

    place = show_candidates(translation, arrived)
    candidate = translation.candidates[place]
    attention = cross_attention(model, translation, place)
    st.subheader(tr("Where it looked"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        token = choose_token(candidate, arrived)
        alignment = looked.choose_head(attention, arrived)
    words = st.toggle(
        tr("Join subwords to words"),
        key="translation-words",
        persist_state="session",
        help=tr(
            "A source word has the sum of its tokens; a written one, in the alignment, their mean."
        ),
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        looked.show_alignment(attention, alignment, token, words)
    beside = right.container()  # it says what the method below has found
    st.subheader(tr(why.title_of(candidate, token)), anchor=False)
    method, params = why.choose_method(model.name, arrived)
    question = (model.fingerprint, translation.ids, candidate.ids, token, method, *params.items())
    found = asked(
        SLOT,
        question,
        "Influence of the source",
        lambda progress: why_written(model, translation, token, place, progress, method, **params),
    )
    with beside:
        show_live(lambda job: looked.show_caution(job, alignment), found)
    show_live(lambda job: why.show_why(job, translation, place, alignment, words), found)
    several = attention.layers * attention.heads > 1
    return {
        "candidate": str(place + 1) if place else None,
        "token": str(token + 1),
        "method": None if method == why.FIRST else method,
        "layer": str(st.session_state[looked.LAYER]) if several else None,
        "head": str(st.session_state[looked.HEAD]) if several else None,
    }


main()
