"""Choosing a text classifier and the text; no torch here."""

import streamlit as st

from dlexplain.services.texts.hugging_face import Kind, is_own_model
from dlexplain.services.texts.model_list import TextEntry, find_text_model, text_entries
from dlexplain.ui.address import from_address
from dlexplain.ui.own_models import ask_own, choose_asked, load_own

REVIEWS = {
    "A mess, and I loved it": "This film is a gorgeous, unforgettable mess of overacting, and I "
    "loved every minute of it.",
    "Not as bad": "It is not as bad as its trailer, though the jokes never land.",
    "No masterpiece": "Nobody would call it a masterpiece, but it is warm, clever and funny.",
    "Wasted": "A talented cast is wasted on a dull and predictable script.",
}
TWEETS = {
    "Late again": "My train is late again and nobody tells us why. Great start to the week!",
    "Thanks": "Thanks to the crew of flight 12, you were so kind to my kids",
    "When": "What time does the match start tomorrow?",
}
OTHERS = {"A short one": "This is exactly what I was looking for."}
OWN_CLASSIFIERS = "own-models"
"""In the session: the user's own, by folder or name on the hub."""
NOT_ATTENDING = "own-models-without-attention"
"""In the session: those of them that the page on attention cannot show."""
CLASSIFIER: Kind = "sequence classifier"
IN_ADDRESS = 500
"""Letters of a text that go into the page's address."""


def examples(model: TextEntry) -> dict[str, str]:
    """Title -> text, in the manner of what the model was trained on."""
    return {"sst2": REVIEWS, "tweets": TWEETS}.get(model.data, OTHERS)


def choose_classifier(arrived: bool) -> tuple[TextEntry, TextEntry | None]:
    """The model, and a second one to put beside it; a user's own may be added to both lists."""
    state = st.session_state
    own: list[str] = state.setdefault(OWN_CLASSIFIERS, [])
    for key in ("classifier", "beside"):
        from_address(key, lambda name: _known(name, own), arrived)
    choose_asked(own, "classifier", CLASSIFIER, load_classifier)
    models = text_entries(own)
    known = {model.name: model for model in models}
    state["classifier"] = state.get("classifier") if state.get("classifier") in known else None
    state["classifier"] = state["classifier"] or models[0].name
    state["beside"] = state.get("beside") if state.get("beside") in known else None
    first, second = st.columns(2)
    chosen = first.selectbox(
        "Model",
        list(known),
        format_func=lambda name: known[name].title,
        key="classifier",
        persist_state="session",
        help="The zoo's models, and the runs that have finished, the latest first.",
    )
    beside = second.selectbox(
        "Beside it",
        [name for name in known if name != chosen],
        index=None,
        format_func=lambda name: known[name].title,
        key="beside",
        persist_state="session",
        placeholder="No second model",
        help="A second model to compare predictions and attributions with.",
    )
    ask_own("classifier", CLASSIFIER)
    return known[chosen or models[0].name], known.get(beside or "")


def _known(name: str, own: list[str]) -> str:
    """The name where it is of a model; one of the user's own is loaded and joins the list."""
    if is_own_model(name):
        return load_own(name, own, CLASSIFIER, load_classifier)
    return find_text_model(name).name


def load_classifier(name: str) -> None:
    """Also notes whether the page on attention can show it; raises DlexplainError."""
    from dlexplain.ui.texts import cache as text_cache  # torch is imported from here on

    if not text_cache.text_model(name).twin.attends:
        st.session_state.setdefault(NOT_ATTENDING, set()).add(name)


def choose_text(key: str, label: str, samples: dict[str, str], arrived: bool, first: int) -> str:
    """The text area with examples to pick from; they replace what is in it.

    first  which example it begins with
    """
    from_address(key, str, arrived)
    state = st.session_state
    state.setdefault(key, list(samples.values())[first % len(samples)])

    def pick() -> None:
        if state[f"{key}-example"]:
            state[key] = samples[state[f"{key}-example"]]
            state[f"{key}-example"] = None

    text = st.text_area(
        label,
        key=key,
        persist_state="session",
        height=100,
        help="Type or paste; press Ctrl+Enter or click outside to read it anew.",
    )
    st.pills(
        "Examples",
        list(samples),
        key=f"{key}-example",
        on_change=pick,
        label_visibility="collapsed",
    )
    if len(text or "") > IN_ADDRESS:
        st.caption(
            f"This page's address does not hold a text of more than {IN_ADDRESS} characters; "
            "whoever opens it needs the text as well."
        )
    return text or ""
