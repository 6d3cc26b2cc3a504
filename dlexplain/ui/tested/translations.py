"""What a translator wrote, and where it looked."""

import streamlit as st

from dlexplain.results import TranslationTest
from dlexplain.ui.charts import chart
from dlexplain.ui.tested.base import show


@show.register
def show_translations(found: TranslationTest) -> None:
    from dlexplain.figures.translations import plot_alignment

    source, target = found.languages
    if found.alignments:
        st.subheader("Alignment")
        count = range(len(found.alignments))
        place = st.selectbox(
            "Sentence", count, format_func=lambda p: found.source[p], key="alignment-sentence"
        )
        chart(plot_alignment(found.alignments[place or 0]), "alignment")
        st.caption(
            "Each row is a token that was written, coloured by the part of its attention that "
            "went to each token of the source."
        )
    st.subheader("Translations")
    right = sum(a == b for a, b in zip(found.said, found.reference, strict=True))
    st.caption(
        f"{len(found.said):,} sentences, evenly spread over the test part; {right:,} are the "
        "reference to the letter."
    )
    st.dataframe(
        [
            {source: text, f"{target}, written": said, f"{target}, reference": reference}
            for text, said, reference in zip(found.source, found.said, found.reference, strict=True)
        ],
        hide_index=True,
    )
