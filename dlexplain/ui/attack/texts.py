"""The page Attack for texts: which model, which text, which attack, and the answer."""

import streamlit as st

from dlexplain.errors import DlexplainError, TextError
from dlexplain.language import tr
from dlexplain.services.attack.texts import MOST, USUAL, known_text_attacks
from dlexplain.services.texts.models import TextModel
from dlexplain.ui.address import from_address, one_of, to_address, whole_number
from dlexplain.ui.attack.text_result import TextQuestion, show_text_attack
from dlexplain.ui.forms import params_form
from dlexplain.ui.markdown import literal
from dlexplain.ui.models import choose_model
from dlexplain.ui.own_models import Own
from dlexplain.ui.texts import cache
from dlexplain.ui.texts.choice import IN_ADDRESS, TASK, choose_text, examples

MODEL, TEXT = "attack-classifier", "text"
METHOD, QUERIES, LABEL, TARGET = (
    f"attack-text-{what}" for what in ("method", "queries", "label", "target")
)
FIRST = "embedding-substitution"
NONE = -1
OWN = Own(TASK, cache.text_model)


def attack_texts() -> None:
    """The page's part under its title."""
    arrived = MODEL not in st.session_state
    entry = choose_model([TASK], MODEL, arrived, own=OWN)
    if entry is None:
        return
    OWN.ask(MODEL)
    text = choose_text(TEXT, "Text", examples(entry), arrived, first=0)
    kept = text if len(text) <= IN_ADDRESS else None
    try:
        with st.spinner(tr("Loading the model…")):
            model = cache.text_model(entry.name)
        said = cache.text_prediction(entry.name, text)
    except DlexplainError as error:
        what = "Type a text above; " if isinstance(error, TextError) and not text.strip() else ""
        st.error(literal(tr(f"{what}{error}")))
        to_address({"input": "text", "model": entry.name, "text": kept})
        return
    st.subheader(literal(tr(said.headline)))
    answer = st.container()
    question = choose_text_attack(model, arrived)
    with answer:
        show_text_attack(model, text, question)
    to_address(
        {
            "input": "text",
            "model": entry.name,
            "text": kept,
            "method": question.method,
            "queries": None if question.queries == USUAL else str(question.queries),
        }
    )


def choose_text_attack(model: TextModel, arrived: bool) -> TextQuestion:
    """The settings, below the answer."""
    state, known = st.session_state, known_text_attacks()
    from_address("method", one_of("attack", list(known)), arrived, METHOD)
    from_address("queries", whole_number("queries", 1, MOST), arrived, QUERIES)
    state.setdefault(METHOD, FIRST)
    state.setdefault(QUERIES, USUAL)
    st.subheader(tr("The attack"))
    first, second = st.columns([2, 1])
    method = first.selectbox(
        tr("Attack"),
        list(known),
        format_func=lambda name: tr(known[name].title),
        key=METHOD,
        persist_state="session",
        help=tr("What each does stands below."),
    )
    queries = second.number_input(
        tr("Queries"),
        1,
        MOST,
        step=100,
        key=QUERIES,
        persist_state="session",
        help=tr("At most so many changed texts are sent through the model."),
    )
    third, fourth = st.columns(2)
    with third:
        label = _class_or(
            model, LABEL, "The right class", "what the model says",
            "Where it is known. A text of which the model says another is not attacked.",
        )  # fmt: skip
    with fourth:
        target = _class_or(model, TARGET, "Into which class", "any other")
    with st.expander(tr("Parameters, and what it does")):
        seed = st.number_input(
            tr("Seed"), 0, 2**31 - 1, 0, key="attack-text-seed", help=tr("Of what is drawn.")
        )
        params = params_form(f"attack-{method}", known[method].specs(), {})
        st.markdown(tr(known[method].description()))
        st.caption(tr(known[method].paper))
    given = tuple(sorted(params.items()))
    return TextQuestion(method, int(queries), label, target, int(seed), given)


def _class_or(
    model: TextModel, key: str, label: str, otherwise: str, help: str | None = None
) -> int | None:
    """A class by its index, or None."""
    names = [name.label for name in model.classes]
    if st.session_state.get(key, NONE) >= len(names):
        st.session_state[key] = NONE
    found = st.selectbox(
        tr(label),
        [NONE, *range(len(names))],
        format_func=lambda index: tr(otherwise) if index == NONE else literal(names[index]),
        key=key,
        help=tr(help),
    )
    return None if found == NONE else int(found)
