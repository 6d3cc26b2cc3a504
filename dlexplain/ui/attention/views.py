"""The views of a text's attention: all heads, one, several, rollout, and numbers."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.figures.attention_heads import plot_facts, plot_heads
from dlexplain.language import shown_by, tr
from dlexplain.results import AttentionMaps, HeadFacts
from dlexplain.services.texts.attention import rollout, told_classes
from dlexplain.services.texts.attention_facts import (
    KINDS,
    Head,
    one_head,
    overlaid,
    weights_without_marks,
)
from dlexplain.services.texts.models import TextModel
from dlexplain.ui.address import from_address, whole_number
from dlexplain.ui.attention.choice import HEAD, HEADS, LAYER, MOST, VIEW
from dlexplain.ui.attention.tokens import show_row, show_weights
from dlexplain.ui.charts import chart

MOSAIC, LARGEST, THROUGH = "heads-at-a-glance", "overlaid-largest", "rollout-layers"


def settle_head(maps: AttentionMaps, facts: HeadFacts, arrived: bool) -> Head:
    """Layer and head in the session, such as the model has; at first a head that is easily read."""
    for key in (LAYER, HEAD):
        from_address(key, whole_number(key, 1, MOST), arrived)
    state, sizes = st.session_state, maps.weights.shape
    if LAYER not in state or HEAD not in state:
        before = facts.shares.get("previous", facts.entropy)
        layer, head = np.unravel_index(int(before.argmax()), before.shape)
        state.setdefault(LAYER, int(layer) + 1)
        state.setdefault(HEAD, int(head) + 1)
    for key, most in ((LAYER, sizes[0]), (HEAD, sizes[1])):
        state[key] = min(max(1, state[key]), most)
    return state[LAYER] - 1, state[HEAD] - 1


def show_all(maps: AttentionMaps, facts: HeadFacts, chosen: Head) -> None:
    """Every head's map, and which look how."""
    if maps.pooled:
        show_weights(one_head(maps, chosen), places_shown(maps, False), "all", False)
        return
    board, kinds = st.columns([3, 2], gap="large")
    chart(
        plot_heads(maps, facts, chosen),
        MOSAIC,
        board,
        on_select=_open_clicked,
        selection_mode="points",
    )
    board.caption(
        tr(
            "Each square is a head: queries down, what they look at across, the lighter the "
            "more, on "
            "a scale of its own. Click one to open it."
        )
    )
    with kinds:
        st.markdown(tr("**What the heads look at**"))
        for kind, said in KINDS.items():
            heads = np.argwhere(facts.kinds == kind)
            if len(heads):
                names = ", ".join(f"{layer + 1}.{head + 1}" for layer, head in heads)
                st.markdown(tr(f"{len(heads)} look **{said}**  \n:small[{names}]"))
        st.caption(
            tr(
                "On this text. A head has its name from where at least 40% of its "
                "attention goes; it looks broadly where its entropy is 85% of the largest possible."
            )
        )


def _open_clicked() -> None:
    points = st.session_state[MOSAIC]["selection"]["points"]
    if points:
        layer, head = points[0]["customdata"][:2]
        st.session_state[LAYER], st.session_state[HEAD] = int(layer), int(head)
        st.session_state[VIEW] = "head"


def show_head(maps: AttentionMaps, facts: HeadFacts, places: list[int], arrived: bool) -> None:
    """One head's matrix and links; a slider through layers, a picker of heads."""
    layers, heads = maps.weights.shape[:2]
    state = st.session_state
    slider, picker = st.columns(2, gap="large")
    if layers > 1:
        slider.slider(tr("Layer"), 1, layers, key=LAYER, persist_state="session")
    layer = state[LAYER] - 1

    def name(head: int) -> str:
        if maps.pooled:
            return str(head)
        return f"{head}, looks {KINDS[str(facts.kinds[layer, head - 1])]}"

    if heads > 1:
        picker.selectbox(
            tr("Head"),
            list(range(1, heads + 1)),
            format_func=shown_by(name),
            key=HEAD,
            persist_state="session",
        )
    place = (layer, state[HEAD] - 1)
    far = "" if maps.pooled else f", {facts.distance[place]:.1f} tokens away on average"
    st.caption(tr(f"Entropy {facts.entropy[place]:.2f} of {np.log2(facts.tokens):.2f} bits{far}."))
    show_weights(one_head(maps, place), places, "head", arrived)


def show_overlaid(
    maps: AttentionMaps, facts: HeadFacts, chosen: Head, places: list[int], arrived: bool
) -> None:
    """Several heads as one."""
    layers, heads = maps.weights.shape[:2]
    known = [f"{layer + 1}.{head + 1}" for layer in range(layers) for head in range(heads)]
    from_address(HEADS, lambda text: _known_heads(text.split(","), known), arrived)
    state = st.session_state
    first = [f"{chosen[0] + 1}.{chosen[1] + 1}", *_all_of(facts, "next")[:1]]
    state[HEADS] = [name for name in state.get(HEADS, first) if name in known]
    picker, how = st.columns([3, 1], gap="large", vertical_alignment="bottom")
    names = picker.multiselect(
        tr("Heads"),
        known,
        key=HEADS,
        persist_state="session",
        format_func=lambda name: f"{name} {tr(KINDS[str(facts.kinds[_place(name)])])}",
        help=tr("1.3 is layer 1, head 3."),
    )
    largest = how.toggle(
        tr("Largest instead of mean"),
        key=LARGEST,
        persist_state="session",
        help=tr(
            "Of each pair of tokens the largest weight of any head; rows then sum to more than 1."
        ),
    )
    if not names:
        st.info(tr("Choose at least one head."))
        return
    found = overlaid(maps, [_place(name) for name in names], largest)
    show_weights(found, places, "overlaid", arrived)


def show_rollout(model: TextModel, whole: AttentionMaps, hidden: bool, arrived: bool) -> None:
    """Where attention leads through the layers; whole  with the marks, which pass it on, too"""
    count = len(whole.weights)
    st.caption(
        tr(
            "Heads are averaged and followed through the layers; half of what a token is stays its "
            "own: R = Π (A + I) / 2, [Abnar and Zuidema 2020](https://arxiv.org/abs/2005.00928)."
        )
    )
    through = count
    if count > 1:
        st.session_state[THROUGH] = min(st.session_state.get(THROUGH, count), count)
        through = st.slider(tr("Through layer"), 1, count, key=THROUGH, persist_state="session")
    found = rollout(whole, through)
    if through == count and not whole.pooled:
        _show_told(told_classes(model, found.weights), whole, hidden)
    shown = weights_without_marks(found, whole.words) if hidden else found
    show_weights(shown, places_shown(whole, hidden), "rollout", arrived)


def _show_told(read: NDArray[np.float32], whole: AttentionMaps, hidden: bool) -> None:
    """read  (tokens,) without the network's own marks"""
    own = len(whole.tokens) - len(read)
    stays = [place - own for place in places_shown(whole, hidden) if place >= own]
    tokens = tuple(whole.tokens[place + own] for place in stays)
    show_row("How much of each token is in what decides on the class", tokens, read[stays])


def places_shown(whole: AttentionMaps, hidden: bool) -> list[int]:
    """Of the tokens that are shown, among all."""
    return [index for index, word in enumerate(whole.words) if word >= 0 or not hidden]


def show_numbers(maps: AttentionMaps, facts: HeadFacts) -> None:
    """Entropy and distance of every head."""
    entropy, distance = st.columns(2, gap="large")
    with entropy:
        st.markdown(tr("**Entropy**"))
        st.caption(
            tr(f"0 bits: all attention on one token; {np.log2(facts.tokens):.2f} bits: all alike.")
        )
        chart(plot_facts(facts, "entropy"), "entropy")
    if maps.pooled:
        return
    with distance:
        st.markdown(tr("**Distance**"))
        st.caption(tr("How many tokens away a head looks, weighed by its attention."))
        chart(plot_facts(facts, "distance"), "distance")


def _known_heads(names: Sequence[str], known: Sequence[str]) -> list[str]:
    for name in names:
        if name not in known:
            raise BadInput(f'no head "{name}"; from {known[0]} to {known[-1]} are there')
    return list(names)


def _place(name: str) -> Head:
    layer, head = name.split(".")
    return int(layer) - 1, int(head) - 1


def _all_of(facts: HeadFacts, kind: str) -> list[str]:
    return [f"{layer + 1}.{head + 1}" for layer, head in np.argwhere(facts.kinds == kind)]
