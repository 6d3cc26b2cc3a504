"""The question's widgets on the text page: which class, rather than which, by which methods."""

import streamlit as st

from dlexplain.errors import Incompatible
from dlexplain.language import tr
from dlexplain.results import TextPrediction
from dlexplain.results.words import sentence
from dlexplain.services.texts.explain import precision_warning
from dlexplain.services.texts.models import TextModel
from dlexplain.ui.address import from_address
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import Ask, asks_of, choose_methods, method_params
from dlexplain.ui.rather import choose_contrast, contrast_from_address
from dlexplain.ui.texts import cache as text_cache

FIRST_METHODS = ("integrated-gradients", "leave-one-out")


def choose_classes(
    model: TextModel, prediction: TextPrediction, arrived: bool
) -> tuple[int, int | None]:
    """(target, contrast) as indices; what this model does not have falls back to none."""
    if len(model.classes) == 1:
        return 0, None
    labels = [name.label for name in model.classes]
    state = st.session_state
    from_address("class", lambda text: model.find_class(text).label, arrived)
    state["class"] = state["class"] if state.get("class") in labels else None
    contrast_from_address("rather", model, labels, arrived)
    best = prediction.scores[0].name
    most = "largest" if model.activation == "identity" else "most probable"
    target = st.selectbox(
        tr("Why this class"),
        labels,
        index=None,
        placeholder=tr(f"{best.label}, the {most}"),
        key="class",
        persist_state="session",
    )
    chosen = best.index if target is None else labels.index(target)
    return chosen, choose_contrast(
        st.container(), model, labels, chosen, "rather", "No second class"
    )


def choose_asks(model: TextModel, arrived: bool) -> tuple[Ask, ...]:
    """The methods with their parameters."""
    known = text_cache.text_methods(model.name)
    chosen = choose_methods(known, FIRST_METHODS, arrived, key="by", model=model.name)
    asks = asks_of(known, chosen, method_params(model.name, known, chosen))
    for slow in dict.fromkeys(_slow(model, ask) for ask in asks):
        if slow:
            st.warning(literal(tr(slow)))
    return asks


def _slow(model: TextModel, ask: Ask) -> str:
    """What is to be known of the precision chosen before the work begins."""
    try:
        return precision_warning(model, ask.method, dict(ask.params))
    except Incompatible as error:
        return sentence(str(error))
