"""One step of a recurrent cell in numbers: the gates of a unit."""

import numpy as np
import streamlit as st

from dlexplain.language import in_words, tr
from dlexplain.results import CellStep, GateStep
from dlexplain.ui.cards import download
from dlexplain.ui.layers.choice import Kept, choose_number
from dlexplain.ui.layers.numbers import number
from dlexplain.ui.layers.words import choose_token, choose_words
from dlexplain.ui.models import choose_model
from dlexplain.ui.writing.choice import shared

READER, TEXT, TOKEN, LEVEL, UNIT = (
    "layers-cell-model",
    "layers-cell-text",
    "layers-cell-token",
    "layers-cell-layer",
    "layers-cell-unit",
)
TERMS = 6
"""The largest of each sum that are written out."""
FORMULAS = {
    "rnn": r"h_t=\tanh(W x_t+U h_{t-1}+b)",
    "lstm": r"c_t=f\,c_{t-1}+i\,g,\quad h_t=o\,\tanh(c_t)",
    "gru": r"h_t=(1-z)\,n+z\,h_{t-1}",
}
TITLES = {
    "state": "New state h",
    "input": "Input gate i",
    "forget": "Forget gate f",
    "candidate": "Candidate",
    "output": "Output gate o",
    "reset": "Reset gate r",
    "update": "Update gate z",
}


def show_cell(opened: bool) -> Kept:
    """The view; returns what of it is to be in the address."""
    entry = choose_model(
        ["language-model"],
        READER,
        opened,
        parameter="reader",
        shows="cells",
        first=lambda entry: entry.cell != "lstm",  # the one with most gates first
    )
    if entry is None:
        return {}
    name = entry.name
    text = choose_words(TEXT, entry.data, opened)
    from dlexplain.services.layers.cell_steps import cell_sizes
    from dlexplain.ui.layers import cache

    first = cache.cell(name, text, 0, 0, 0)
    last = len(first.tokens) - 1
    place = choose_token(first.tokens, TOKEN, f"{name}/{text}", opened, lambda: min(3, last))
    sizes = cell_sizes(cache.reader(name))
    left, right = st.columns(2)
    with left:
        layer = choose_number(
            "Layer", "layer", LEVEL, len(sizes), name, opened, lambda: 0, "From the words up."
        )
    with right:
        unit = choose_number("Unit", "unit", UNIT, sizes[layer], f"{name}/{layer}", opened,
                             lambda: 0, "Of the layer.")  # fmt: skip
    found = cache.cell(name, text, place, layer, unit)
    _show(found)
    download("JSON", found.to_dict, f"{name}-cell.json", "layers-cell-json")
    kept = {"reader": name, "text": shared(text), "token": str(place)}
    return {**kept, "layer": str(layer), "unit": str(unit)}


def _show(found: CellStep) -> None:
    st.markdown(f"${tr(FORMULAS[found.cell])}$")
    columns = st.columns(2, gap="large")
    for index, gate in enumerate(found.gates):
        with columns[index % 2]:
            _gate(found, gate)
    st.subheader(tr("The new state"))
    for line in _ends(found):
        st.markdown(tr(line))
    st.caption(
        tr(
            f"torch's own layer says {found.model_after:.6f}, which differs by "
            f"{abs(found.model_after - found.after['hidden']):.1e}."
        )
    )


def _gate(found: CellStep, gate: GateStep) -> None:
    st.markdown(f"**{tr(TITLES[gate.name])}**")
    parts = (
        number(float(gate.from_input.sum())),
        number(float(gate.from_past.sum())),
        number(gate.bias),
    )
    total = f"{parts[0]} (word) + {parts[1]} (past) + {parts[2]} (bias)".replace("+ −", "− ")
    st.markdown(
        f"{gate.activation}({total}) = {gate.activation}({number(gate.total)}) = "
        f"**{number(gate.value)}**"
    )
    every = np.concatenate([gate.from_input, gate.from_past])
    below = "word vector" if found.layer == 0 else f"unit of layer {found.layer - 1}"
    rows = [
        {"Term": _term(place, len(gate.from_input), below), "Adds": float(every[place])}
        for place in np.argsort(-np.abs(every), kind="stable")[:TERMS].tolist()
    ]
    st.dataframe(
        in_words(rows),
        hide_index=True,
        height="content",
        key=f"layers-gate-{gate.name}",
        column_config=in_words({"Adds": st.column_config.NumberColumn(format="%+.4f")}),
    )
    st.caption(tr(f"The largest of {len(every):,} terms."))


def _term(place: int, inputs: int, below: str) -> str:
    if place < inputs:
        return f"{below}, {place}"
    return f"past state of unit {place - inputs}"


def _ends(found: CellStep) -> list[str]:
    """The last sums, with the numbers put in."""
    value = {gate.name: number(gate.value) for gate in found.gates}
    hidden = number(found.after["hidden"])
    if found.cell == "lstm":
        before, cell = number(found.before["cell"]), number(found.after["cell"])
        return [
            f"c = {value['forget']} × ({before}) + {value['input']} × ({value['candidate']}) = "
            f"**{cell}**",
            f"h = {value['output']} × tanh({cell}) = **{hidden}**",
        ]
    if found.cell == "gru":
        z, before = value["update"], number(found.before["hidden"])
        return [f"h = (1 − {z}) × ({value['candidate']}) + {z} × ({before}) = **{hidden}**"]
    return [f"h = **{hidden}**; before it was {number(found.before['hidden'])}"]
