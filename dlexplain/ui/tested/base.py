"""Showing what a run's test found, by the kind of the result."""

from functools import singledispatch

import streamlit as st


@singledispatch
def show(found: object) -> None:
    """Draw it on the page; a new kind of result registers its own."""
    st.json(found)
