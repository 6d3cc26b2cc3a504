"""What the test of a network with several heads found: a score a head, and each head's mistakes."""

import streamlit as st

from dlexplain.language import in_words, tr
from dlexplain.results import MultiTaskTest
from dlexplain.ui.charts import chart
from dlexplain.ui.markdown import literal
from dlexplain.ui.tested.base import show


@show.register
def show_multi_task(found: MultiTaskTest) -> None:
    from dlexplain.figures.heads import plot_heads

    left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
    with left:
        st.subheader(tr("Heads"))
        chart(plot_heads(found), "heads")
    with right:
        st.dataframe(
            in_words(
                [
                    {
                        "head": score.head,
                        "accuracy": score.told,
                        "n": score.n,
                        "classes": len(found.heads[score.head].classes),
                    }
                    for score in found.scores
                ]
            ),
            hide_index=True,
        )
        st.caption(
            tr(
                "The part of the n test examples with this label that the head says rightly, with "
                "Wilson's interval of 95%. The gradient cosines under Curves tell which heads help "
                "each other: above 0 a step for one helps the other, below 0 it hurts it."
            )
        )
    names = list(found.heads)
    state = st.session_state
    state["tested-head"] = state["tested-head"] if state.get("tested-head") in names else names[0]
    head = st.segmented_control(
        tr("Mistakes of the head"), names, format_func=literal, key="tested-head", required=True
    )
    show(found.heads[head or names[0]])
