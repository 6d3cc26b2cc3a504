"""How far back the gradient reaches: the vanishing gradient, measured on a text."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from dlexplain.figures.writing import plot_reach
from dlexplain.language import tr
from dlexplain.results import GradientReach
from dlexplain.services.jobs import Progress
from dlexplain.services.loading import load
from dlexplain.services.writing.gradient_reach import gradient_reach
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.trained.catalogue import ModelEntry, entries
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.markdown import literal
from dlexplain.ui.writing.choice import OWN, TASK
from dlexplain.ui.writing.text import MOSTLY_UNKNOWN

SLOT, OTHERS, GIVEN = "writing-reach", "writing-others", "writing-others-given"
MOST = 5


def show_reach(entry: ModelEntry, text: str) -> None:
    """The view."""
    known = {each.name: each for each in entries(TASK, own=OWN.names())}
    rest = [name for name in known if name != entry.name]
    state, first = st.session_state, _others(entry, list(known.values()))
    # What nobody has changed becomes the next model's.
    if state.get(OTHERS) in (None, state.get(GIVEN)):
        state[OTHERS] = state[GIVEN] = first
    state[OTHERS] = [name for name in state[OTHERS] if name in rest]
    st.multiselect(
        tr("Compare with"),
        rest,
        key=OTHERS,
        persist_state="session",
        max_selections=MOST,
        format_func=lambda name: tr(known[name].title),
        help=tr(
            "At first those of the zoo that were trained on the same data, one of each kind: "
            "they read the same tokens. Another may read words where this one reads parts of "
            "words, "
            "and not know what this one knows."
        ),
    )
    if not text.strip():
        st.info(tr("Type a text above; the gradient is measured on it."))
        return
    names = (entry.name, *st.session_state[OTHERS])

    def work(progress: Progress) -> list[GradientReach]:
        return [
            gradient_reach(load(LoadedLanguageModel, name), text, progress=progress)
            for name in names
        ]

    show_live(_show, asked(SLOT, (names, text), "Looking back", work))


def _others(entry: ModelEntry, others: Sequence[ModelEntry]) -> list[str]:
    """The first model of each other kind that was trained on the same data, for the comparison of
    RNN, LSTM and Transformer."""
    found: dict[str, str] = {}
    for each in others:
        if each.cell != entry.cell and each.source == "zoo" and each.data == entry.data:
            found.setdefault(each.cell, each.name)
    return list(found.values())


def _show(found: Asked[list[GradientReach]]) -> None:
    reaches = result_of(found, "places")
    if reaches is None:
        return
    chart(plot_reach(reaches), "writing-reach-lines")
    for reach in reaches:
        lags = len(reach.norms)
        where = (
            f"never falls below a tenth of the nearest token's in {lags} tokens"
            if reach.reach is None
            else f"falls below a tenth of the nearest token's {reach.reach} tokens back"
        )
        last = reach.norms[-1] / (reach.norms[0] or 1.0)
        st.markdown(
            f"- **{literal(tr(reach.title))}**: the gradient {where}, and {_share(last)} of it "
            "is left "
            f"after {lags}. The mean of {reach.positions} places.{_unknown(reach)}"
        )
    st.caption(
        tr(
            "The length of the gradient of log p(token t) by the vector of token t - k. Back "
            "through "
            "h = tanh(W h + ...) it is multiplied by W and tanh' at each step, so that it "
            "vanishes as "
            "a power of the distance; an LSTM's cell only multiplies it by the forget gate. "
            "Tokens are "
            "words or parts of words, as each model reads them."
        )
    )
    download(
        "JSON",
        lambda: [_told(reach) for reach in reaches],
        "gradient-reach.json",
        "writing-reach-json",
    )


def _unknown(reach: GradientReach) -> str:
    """That the model does not know most of the text, where it does not."""
    if reach.unfamiliar <= MOSTLY_UNKNOWN * reach.tokens:
        return ""
    return (
        f" **It does not know {reach.unfamiliar:,} of the text's {reach.tokens:,} tokens**, so its "
        "line says little."
    )


def _share(part: float) -> str:
    return f"{part:.2%}" if part >= 1e-4 else f"{part:.0e}"


def _told(reach: GradientReach) -> dict[str, object]:
    norms = np.asarray(reach.norms).tolist()
    return {
        "model": reach.model,
        "positions": reach.positions,
        "tokens": reach.tokens,
        "unfamiliar": reach.unfamiliar,
        "norms": norms,
    }
