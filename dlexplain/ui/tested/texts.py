"""The confusion matrix of a text classifier, and its worst mistakes."""

import streamlit as st

from dlexplain.results import TextTest
from dlexplain.ui.charts import chart
from dlexplain.ui.tested.base import show


@show.register
def show_texts(found: TextTest) -> None:
    from dlexplain.figures.texts import plot_text_confusion

    left, right = st.columns([2, 3], gap="large")
    with left:
        st.subheader("Confusion")
        how = st.segmented_control(
            "Show", ["part of class", "count"], default="part of class", required=True,
            key="text-confusion-how", label_visibility="collapsed",
        )  # fmt: skip
        chart(plot_text_confusion(found, how != "count"), "text-confusion")
    with right:
        st.subheader("Worst mistakes")
        if not found.texts:
            st.success("No mistake in the test.")
            return
        st.caption("The surest of the wrong ones.")
        st.dataframe(
            _table(found),
            hide_index=True,
            column_config={"sure": st.column_config.NumberColumn(format="percent")},
        )


def _table(found: TextTest) -> list[dict[str, object]]:
    classes = found.classes
    rows = zip(found.texts, found.truth, found.said, found.share, strict=True)
    return [
        {"text": text, "is": classes[truth], "said": classes[said], "sure": float(share)}
        for text, truth, said, share in rows
    ]
