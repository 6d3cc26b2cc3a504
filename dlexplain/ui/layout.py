"""Where things stand on a page: the answer first, what is asked beside it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

ANSWER, SETTINGS = 5, 2
"""Parts of the width."""


def answer_first() -> tuple[DeltaGenerator, DeltaGenerator]:
    """(answer, settings): at the left and at the right; on a phone the answer stands above.

    A page fills the settings first and then the answer.
    """
    answer, settings = st.columns([ANSWER, SETTINGS], gap="large")
    return answer.container(), settings.container()
