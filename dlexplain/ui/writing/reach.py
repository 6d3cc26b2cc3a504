"""How far back the gradient reaches: the vanishing gradient, measured on a text."""

import json
from collections.abc import Sequence

import numpy as np
import streamlit as st

from dlexplain.figures.writing import plot_reach
from dlexplain.results import GradientReach
from dlexplain.services.jobs import Progress
from dlexplain.services.writing.gradient_reach import gradient_reach
from dlexplain.services.writing.model_list import LanguageEntry
from dlexplain.services.writing.models import load_language_model
from dlexplain.ui.jobs import Asked, asked, show_end, show_live
from dlexplain.ui.progress import show_progress

SLOT, OTHERS = "writing-reach", "writing-others"
MOST = 5
FIGURE = {"displayModeBar": False, "scrollZoom": False}


def show_reach(entry: LanguageEntry, entries: Sequence[LanguageEntry], text: str) -> None:
    """The view."""
    known = {each.name: each for each in entries}
    rest = [name for name in known if name != entry.name]
    kept = [name for name in st.session_state.get(OTHERS, _others(entry, entries)) if name in rest]
    st.session_state[OTHERS] = kept
    st.multiselect(
        "Compare with", rest, key=OTHERS, persist_state="session", max_selections=MOST,
        format_func=lambda name: known[name].title,
    )  # fmt: skip
    if not text.strip():
        st.info("Type a text above; the gradient is measured on it.")
        return
    names = (entry.name, *st.session_state[OTHERS])

    def work(progress: Progress) -> list[GradientReach]:
        return [
            gradient_reach(load_language_model(name), text, progress=progress) for name in names
        ]

    show_live(SLOT, _show, asked(SLOT, (names, text), "Looking back", work))


def _others(entry: LanguageEntry, entries: Sequence[LanguageEntry]) -> list[str]:
    """The first model of each other kind, for the comparison of RNN, LSTM and Transformer."""
    found: dict[str, str] = {}
    for each in entries:
        if each.cell != entry.cell and each.source == "zoo":
            found.setdefault(each.cell, each.name)
    return list(found.values())


def _show(found: Asked) -> None:
    if found.job.active:
        show_progress(found.job, SLOT, "places")
        return
    reaches: list[GradientReach] | None = found.job.result
    if reaches is None:
        show_end(found)
        return
    st.plotly_chart(plot_reach(reaches), config=FIGURE, key="writing-reach-lines")
    for reach in reaches:
        lags = len(reach.norms)
        where = (
            f"never falls below a tenth of the nearest token's in {lags} tokens"
            if reach.reach is None
            else f"falls below a tenth of the nearest token's {reach.reach} tokens back"
        )
        last = reach.norms[-1] / (reach.norms[0] or 1.0)
        st.markdown(
            f"- **{reach.title}**: the gradient {where}, and {_share(last)} of it is left after "
            f"{lags}. The mean of {reach.positions} places."
        )
    st.caption(
        "The length of the gradient of log p(token t) by the vector of token t - k. Back through "
        "h = tanh(W h + ...) it is multiplied by W and tanh' at each step, so that it vanishes as "
        "a power of the distance; an LSTM's cell only multiplies it by the forget gate. Tokens are "
        "words or parts of words, as each model reads them."
    )
    st.download_button(
        "JSON", lambda: json.dumps([_told(reach) for reach in reaches], indent=1),
        "gradient-reach.json", "application/json", key="writing-reach-json",
        icon=":material/download:", on_click="ignore", type="tertiary",
    )  # fmt: skip


def _share(part: float) -> str:
    return f"{part:.2%}" if part >= 1e-4 else f"{part:.0e}"


def _told(reach: GradientReach) -> dict[str, object]:
    norms = np.asarray(reach.norms).tolist()
    return {"model": reach.model, "positions": reach.positions, "norms": norms}
