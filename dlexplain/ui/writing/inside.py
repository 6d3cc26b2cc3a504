"""Inside a recurrent model: units and gates over a text, and which of them follow a property."""

import streamlit as st

from dlexplain.errors import BadInput, Incompatible
from dlexplain.figures.writing import plot_inside, plot_unit
from dlexplain.language import shown_by, tr
from dlexplain.results import Inside, UnitSearch
from dlexplain.results.words import capital, sentence
from dlexplain.services.writing.inside import MOST, find_units
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.properties import PROPERTIES
from dlexplain.ui.charts import chart
from dlexplain.ui.markdown import literal
from dlexplain.ui.writing import cache
from dlexplain.ui.writing.text import show_text, signed

SHOWN = 24
"""Units in the heat map."""
GATES = ("input", "forget", "output", "reset", "update")
TITLES = {
    "hidden": "Hidden units",
    "cell": "Cell",
    "candidate": "Candidate",
    **{gate: f"{capital(gate)} gate" for gate in GATES},
}
ABOUT = {
    "hidden": "h, what the layer hands on and remembers.",
    "cell": "c = forget x c + input x candidate, the LSTM's memory.",
    "candidate": "What would be written into the memory, -1 to 1.",
    "input": "How much of the candidate is written, 0 to 1.",
    "forget": "How much of the memory is kept, 0 to 1.",
    "output": "How much of the memory is shown, 0 to 1.",
    "reset": "How much of the past goes into the candidate, 0 to 1.",
    "update": "How much of the past is kept, 0 to 1.",
}


def show_inside(model: LoadedLanguageModel, text: str) -> None:
    """The view."""
    try:
        inside = cache.inside(model.name, text)
    except Incompatible as error:
        st.info(tr(f"{literal(error)}. Choose a recurrent model, or open **Gradient reach**."))
        return
    except BadInput as error:
        st.info(literal(tr(error)))
        return
    layer, name = _part(inside)
    values = inside.layers[layer][name]
    search = _search(inside, layer, name)
    count = values.shape[1]
    units = list(range(count)) if search is None else search.units.tolist()
    few = f", {SHOWN} of {count} units" if count > SHOWN else ""
    few += ", those that follow it best first" if search is not None else ""
    st.markdown(tr(f"**{TITLES[name]}** of layer {layer + 1} over the text{few}"))
    figure = plot_inside(inside, layer, name, units[:SHOWN], name not in GATES)
    chart(figure, "writing-units")
    if len(inside.tokens) == MOST:
        st.caption(tr(f"The text's first {MOST} tokens."))
    if search is not None:
        _one_unit(inside, layer, name, search)


def _part(inside: Inside) -> tuple[int, str]:
    names = list(inside.layers[0])
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    layer = left.selectbox(
        tr("Layer"),
        list(range(len(inside.layers))),
        key="writing-layer",
        format_func=lambda layer: tr(f"{layer + 1} of {len(inside.layers)}"),
    )
    # Another key for another cell, which has other parts.
    name = right.segmented_control(
        tr("Part"),
        names,
        default="hidden",
        format_func=shown_by(TITLES.__getitem__),
        key=f"writing-part-{inside.cell}",
        required=True,
        wrap=True,
    )
    name = name or "hidden"
    st.caption(tr(ABOUT[name]))
    return int(layer), name


def _search(inside: Inside, layer: int, name: str) -> UnitSearch | None:
    wanted = st.selectbox(
        tr("Find units that follow"),
        list(PROPERTIES),
        key="writing-property",
        format_func=lambda key: tr(PROPERTIES[key].title),
        persist_state="session",
        help=tr(
            "Correlation of each unit with the property over the text, after Karpathy et al. "
            "2016, https://arxiv.org/abs/1506.02078"
        ),
    )
    try:
        found = find_units(inside.layers[layer][name], inside.tokens, wanted)
    except BadInput as error:
        st.info(literal(tr(sentence(str(error)))))
        return None
    best = abs(float(found.correlations[0]))
    verdict = "more than chance gives" if best > found.chance else "**no more than chance gives**"
    st.markdown(
        tr(
            f"Unit {found.units[0]} follows the **{literal(found.title)}** best: correlation "
            f"{found.correlations[0]:+.2f}, {verdict} (the best of all units stays below "
            f"{found.chance:.2f} for 95 of 100 shifted texts)."
        )
    )
    return found


def _one_unit(inside: Inside, layer: int, name: str, search: UnitSearch) -> None:
    ranked = search.units.tolist()
    told = dict(zip(ranked, search.correlations.tolist(), strict=True))
    unit = st.selectbox(
        tr("One unit"),
        ranked,
        format_func=lambda unit: tr(f"unit {unit}, correlation {told[unit]:+.2f}"),
        key=f"writing-unit-{inside.model}-{layer}-{name}-{search.title}",
    )
    values = inside.layers[layer][name][:, unit]
    chart(plot_unit(values, search, unit), "writing-unit-line")
    show_text(signed(inside.tokens, values.tolist()))
    st.caption(tr(f"The value of unit {unit} after each token: red above 0, blue below."))
