"""Choosing a text classifier and the text; no torch here."""

import streamlit as st

from dlexplain.language import tr
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, told_above
from dlexplain.ui.models import choose_model, choose_second
from dlexplain.ui.own_models import Own

REVIEWS = {
    "Thin plot, superb acting": "The plot is thin, yet the acting is superb and moving.",
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
TASK, TOKENS = "classify-text", "classify-token"
NOT_ATTENDING = "own-models-without-attention"
"""In the session: those of them that the page on attention cannot show."""
IN_ADDRESS = 500
"""Letters of a text that go into the page's address."""


def examples(model: ModelEntry) -> dict[str, str]:
    """Title -> text, in the manner of what the model was trained on."""
    return {"sst2": REVIEWS, "tweets": TWEETS}.get(model.data, OTHERS)


def _load(name: str) -> None:
    """A text or a token classifier. Also notes whether the page on attention can show it.

    Raises DlexplainError.
    """
    from dlexplain.services.texts.token_models import TokenModel  # torch is imported from here on
    from dlexplain.ui.texts import cache as text_cache

    model = text_cache.classifier(name)
    if isinstance(model, TokenModel) or not model.prepared.attends:
        st.session_state.setdefault(NOT_ATTENDING, set()).add(name)


OWN = Own(TASK, _load, also=(TOKENS,))


def choose_classifier(
    arrived: bool, stacked: bool = False
) -> tuple[ModelEntry | None, ModelEntry | None]:
    """The model, and a second one to compare it with; a user's own may be added to both lists.

    stacked  whether the two stand above each other, where the place is narrow
    """
    with told_above():
        first, second = (st.container(), st.container()) if stacked else st.columns(2)
        with first:
            tasks = [TASK, TOKENS]
            chosen = choose_model(tasks, "classifier", arrived, parameter="classifier", own=OWN)
        if chosen is None:
            return None, None
        with second:
            beside = choose_second(
                tasks,
                chosen,
                "beside",
                arrived,
                OWN,
                "A second model to compare predictions and attributions with.",
            )
    OWN.ask("classifier")
    return chosen, beside


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
        tr(label),
        key=key,
        persist_state="session",
        height=100,
        help=tr("Type or paste; press Ctrl+Enter or click outside to read it anew."),
    )
    st.pills(
        tr("Examples"),
        list(samples),
        format_func=tr,
        key=f"{key}-example",
        on_change=pick,
        label_visibility="collapsed",
    )
    if len(text or "") > IN_ADDRESS:
        st.caption(
            tr(
                f"This page's address does not hold a text of more than {IN_ADDRESS} characters; "
                "whoever opens it needs the text as well."
            )
        )
    return text or ""
