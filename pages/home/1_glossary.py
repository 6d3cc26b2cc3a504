"""What the words on the pages mean."""

import streamlit as st

from dlexplain.language import tr
from dlexplain.ui.glossary import show_glossary

st.title(tr("Glossary"))
st.markdown(
    tr(
        "The words of the field in plain sentences. On the other pages, point at a word that is "
        "underlined with dots, tap it, or reach it by Tab."
    )
)
show_glossary()
