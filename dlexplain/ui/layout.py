"""Where things stand on a page: the answer first, what is asked beside it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.language import tr
from dlexplain.ui.live import drawn_before
from dlexplain.ui.look import room_for

ANSWER, SETTINGS = 5, 2
"""Parts of the width."""
PLACE = "settings"
"""The settings' name within the page's address."""


ROW = 35
"""Pixels of a row of a table, the head of its columns too."""


def room(key: str, pixels: int) -> DeltaGenerator:
    """A container that is so high at least, before what it holds is there: nothing below jumps."""
    return st.container(key=f"{room_for(pixels)}{key}-{drawn_before()}")


def answer_first(input_here: bool = False) -> tuple[DeltaGenerator, DeltaGenerator]:
    """(answer, settings): at the left and at the right; on a phone the answer stands above.

    A page fills the settings first and then the answer. There, where the settings are some screens
    further down, a link above the answer leads to them.

    input_here  whether the page asks for its input above the answer, not among the settings
    """
    below = "To the settings" if input_here else "To your own input and the settings"
    answer, settings = st.columns([ANSWER, SETTINGS], gap="large")
    with answer.container(key="to-settings"):
        st.markdown(f"[{tr(below)} ↓](#{PLACE})")
    settings.container(key="settings-place").html(f'<span id="{PLACE}"></span>')
    return answer.container(), settings.container()
