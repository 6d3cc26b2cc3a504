"""Which source words moved the token that was chosen, by a method beside two that are cheap."""

import json
from pathlib import Path

import streamlit as st

from dlexplain.figures.token_names import names
from dlexplain.figures.translation import plot_source_influence
from dlexplain.language import sentences, tr
from dlexplain.params import Value
from dlexplain.results import Alignment, Candidate, SourceInfluence, Translation
from dlexplain.services.explaining import by_name
from dlexplain.services.translation.why import BESIDE, FIRST, Why, agreement, source_method_infos
from dlexplain.ui.cards import show_facts
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, result_of
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import method_params
from dlexplain.ui.translation.written import apart
from dlexplain.ui.writing.choice import choose_one, first_of
from dlexplain.ui.writing.text import colours_told, show_text, signed

METHOD = "translation-method"


def choose_method(model: str, arrived: bool) -> tuple[str, dict[str, Value]]:
    """The method that is asked of the token, and its parameters."""
    known = by_name(source_method_infos())
    first = first_of("method", lambda name: known[name].name, FIRST, arrived)
    titles = {name: info.title for name, info in known.items() if name not in BESIDE}
    method = choose_one("Method", titles, METHOD, first)
    return method, method_params(f"translation-{model}", known, [method])[method]


def show_why(
    found: Asked[Why], translation: Translation, candidate: int, alignment: Alignment, words: bool
) -> None:
    """A card a method; a download of it all."""
    why = result_of(found)
    if why is None:
        return
    names = [influence.method for influence in why.influences]
    different = [one for i, one in enumerate(why.influences) if one.method not in names[:i]]
    for column, influence in zip(st.columns(len(different)), different, strict=True):
        with column, st.container(border=True):
            _card(influence.of_words() if words else influence, words)
    colours = colours_told(why.influences[0].signed, why.influences[0].unit, "the token")
    beside = (
        "A word has the sum of its tokens; input × gradient and leave one out, in nats of log p, "
        "stand beside the method that was chosen."
    )
    st.caption(sentences((colours, beside)))
    st.download_button(
        tr("Everything as JSON"),
        lambda: json.dumps(_everything(why, translation, candidate, alignment), indent=1),
        f"{Path(translation.model).name}-why.json",  # a user's own is a folder
        "application/json",
        key="translation-why-json",
        icon=":material/download:",
        on_click="ignore",
        help=tr(
            "The candidates, the alignment shown, what each method found, and the correlations."
        ),
    )


def _card(influence: SourceInfluence, words: bool) -> None:
    method = by_name(source_method_infos())[influence.method]
    st.markdown(f"**{tr(method.title)}**", help=f"{tr(method.description)} {method.paper}")
    values = influence.values.tolist()
    show_text(signed(apart(influence.tokens, words), values, f" {influence.unit}"))
    told = f"{method.title}:"
    chart(plot_source_influence(influence), f"translation-{influence.method}", told=told)
    show_facts(influence)


def _everything(
    why: Why, translation: Translation, candidate: int, alignment: Alignment
) -> dict[str, object]:
    return {
        "translation": translation.to_dict(),
        "candidate": candidate,
        "alignment": {
            "rows": list(alignment.rows),
            "columns": list(alignment.columns),
            "weights": alignment.weights.tolist(),
        },
        "influences": [influence.to_dict() for influence in why.influences],
        "agreement": agreement(why, alignment).to_dict(),
    }


def title_of(candidate: Candidate, place: int) -> str:
    """The section's title."""
    return f"Which source words moved “{literal(names(candidate.tokens)[place])}”?"
