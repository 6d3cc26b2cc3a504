"""What a language model writes, and what it found hard to foretell."""

import streamlit as st

from dlexplain.results import LanguageTest
from dlexplain.ui.charts import chart
from dlexplain.ui.tested.base import show


@show.register
def show_language(found: LanguageTest) -> None:
    from dlexplain.figures.language import plot_frequencies, plot_surprise

    st.subheader("What it writes")
    st.caption(f"Drawn token by token at temperature {found.temperature:g}.")
    for text in found.samples:
        st.code(text, language=None, wrap_lines=True)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.subheader("Rare and frequent tokens")
        chart(plot_frequencies(found), "frequencies")
    with right:
        st.subheader("Surprise along the test text")
        chart(plot_surprise(found), "surprise")
    st.caption(
        "Surprise is -log2 of the probability that the model gave to the token that came; "
        "perplexity is 2 to the mean surprise."
    )
