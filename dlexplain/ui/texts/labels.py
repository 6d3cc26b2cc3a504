"""The words of a text with the labels of a token classifier, and the one that is asked about."""

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.figures.labelled_text import labelled_text, plot_labelled_text
from dlexplain.language import shown_by, tr
from dlexplain.results import LabelledText, TextPrediction
from dlexplain.services.texts.explain import classify_reading
from dlexplain.services.texts.models import TextModel
from dlexplain.services.texts.token_models import TokenModel
from dlexplain.ui.address import from_address, whole_number
from dlexplain.ui.charts import chart
from dlexplain.ui.markdown import literal
from dlexplain.ui.texts import cache as text_cache
from dlexplain.ui.texts.changes import MOST_PILLS, distinct

WORD = "word"
"""Key of the picker, from 0; in the address from 1."""


def labels_of(model: TokenModel, text: str) -> LabelledText | None:
    """None where the text cannot be read, which is said."""
    try:
        return text_cache.text_labels(model.name, text)
    except BadInput as error:
        st.error(literal(tr(f"{str(error)[:1].upper()}{str(error)[1:]}")))
        return None


def show_labels(found: LabelledText, chosen: int, key: str) -> None:
    """The text in the colours of its labels, and a bar for each word.

    chosen  the number of the word that is asked about
    """
    st.html(labelled_text(found, chosen))
    chart(plot_labelled_text(found), f"labels-{key}")


def choose_word(found: LabelledText, arrived: bool) -> int:
    """The number of the word whose label is explained; at first the first one that is labelled as
    something."""
    state, count = st.session_state, len(found.words)
    from_address(WORD, lambda text: whole_number(WORD, 1, count)(text) - 1, arrived)
    of = text_cache.digest(f"{found.model}/{found.text}")
    another = state.get(f"{WORD}-of", of) != of
    if another or state.get(WORD) not in range(count):
        state[WORD] = found.first_found
    state[f"{WORD}-of"] = of
    rows = zip(found.words, found.said, strict=True)
    labels = distinct([f"{word} · {score.name.label}" for word, score in rows])
    if count > MOST_PILLS:
        return int(
            st.selectbox(
                tr("Word"),
                range(count),
                format_func=shown_by(labels.__getitem__),
                key=WORD,
                persist_state="session",
                help=tr("Whose label is explained. Type to search."),
            )
        )
    chosen = st.pills(
        tr("Word"),
        range(count),
        format_func=shown_by(labels.__getitem__),
        key=WORD,
        persist_state="session",
        help=tr("Whose label is explained: that of its first token, as such models are trained."),
    )
    return found.first_found if chosen is None else int(chosen)


def asked_about(
    model: TokenModel, found: LabelledText, letter: int
) -> tuple[TextModel, TextPrediction]:
    """The text classifier whose classes are the labels of the word that has this letter of the
    text, or of the last word before it; and what it says."""
    before = [number for number, start in enumerate(found.offsets[:, 0]) if start <= letter]
    asked = model.at(int(found.places[before[-1] if before else 0]))
    return asked, classify_reading(asked, asked.read(found.text))
