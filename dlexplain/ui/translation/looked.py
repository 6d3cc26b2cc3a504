"""Where the network looked while it wrote, and whether that explains anything."""

import math

import streamlit as st

from dlexplain.figures.translation import plot_chosen_row, plot_heads
from dlexplain.language import in_words, tr
from dlexplain.results import Agreement, Alignment, CrossAttention, word_groups
from dlexplain.services.translation.why import Why, agreement
from dlexplain.ui.address import from_address, whole_number
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, result_of

LAYER, HEAD, ALL = "translation-layer", "translation-head", "translation-all"
MEAN = 0


def choose_head(found: CrossAttention, arrived: bool) -> Alignment:
    """Layer and head, where there are several; over tokens."""
    if found.layers * found.heads == 1:
        return found.alignment()
    for key, parameter, count in ((LAYER, "layer", found.layers), (HEAD, "head", found.heads)):
        from_address(parameter, whole_number(parameter, MEAN, count), arrived, key)
        if st.session_state.get(key, -1) not in range(count + 1):
            st.session_state[key] = found.usual + 1 if key == LAYER else MEAN
    layer = _pick("Layer", LAYER, found.layers, "Mean of the layers")
    head = _pick("Head", HEAD, found.heads, "Mean of the heads")
    return found.alignment(layer, head)


def _pick(label: str, key: str, count: int, mean: str) -> int | None:
    chosen = int(
        st.selectbox(
            tr(label),
            range(count + 1),
            key=key,
            persist_state="session",
            format_func=lambda place: tr(mean if place == MEAN else f"{label} {place}"),
            help=tr(
                "The last layer but one, its heads taken together, often aligns best (Garg et "
                "al. 2019)."
            ),
        )
    )
    return None if chosen == MEAN else chosen - 1


def show_alignment(found: CrossAttention, alignment: Alignment, token: int, words: bool) -> None:
    """The matrix with a frame around the chosen token's row, or every head at a glance."""
    if found.layers * found.heads > 1 and st.toggle(
        tr("All heads at a glance"), key=ALL, persist_state="session"
    ):
        chart(plot_heads(found.of_words() if words else found), "translation-heads")
        return
    row = token
    if words:
        row = next(
            index for index, group in enumerate(word_groups(found.row_words)) if token in group
        )
        layers = CrossAttention(
            alignment.weights[None, None],
            0,
            found.rows,
            found.columns,
            found.row_words,
            found.column_words,
        )
        alignment = layers.of_words().alignment()
    figure = plot_chosen_row(alignment, row)
    chart(figure, "translation-alignment")


def show_caution(found: Asked[Why], alignment: Alignment) -> None:
    """That attention is no explanation by itself, with the measure for this very sentence."""
    st.markdown(
        tr(
            "**Attention is not by itself an explanation.** It says where the network looked, not "
            "what changed the word: other weights may lead to the same word, and what it looks at "
            "has been mixed with its neighbours before. How far the two go together in this very "
            "sentence:"
        )
    )
    why = result_of(found, key="translation-agreement")
    if why is None:
        return
    told = agreement(why, alignment)
    values = told.values.copy()
    values[-1, -1] = math.nan  # leave-one-out with itself
    columns = dict(zip(told.rows, [list(map(_value, row)) for row in values], strict=True))
    st.table(in_words({"": list(told.methods), **columns}))
    st.caption(tr(_sentence(told)))


def _value(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:+.2f}".replace("-", "−")


def _sentence(told: Agreement) -> str:
    """What the numbers are, and what chance gives."""
    what = (
        "Spearman's rank correlation, -1 to 1, of the attention on each source token with how "
        "much it moved the word, either way; the last column has leave-one-out in its place."
    )
    if not math.isfinite(told.chance) or told.chance >= 1:
        beside = f"With {told.tokens:d} source tokens it says nothing."
    else:
        beside = f"With {told.tokens:d} source tokens, chance alone reaches ±{told.chance:.2f}."
    return f"{what} {beside}"
