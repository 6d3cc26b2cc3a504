"""What the theme cannot say: less blank above a page's title."""

import streamlit as st

CSS = """
<style>
.stMainBlockContainer { padding-top: 4.5rem; }
@media (max-width: 640px) { .stMainBlockContainer { padding-top: 3.5rem; } }
.stMainBlockContainer h1 { padding: 0.25rem 0 0.5rem; font-size: 2.2rem; }
</style>
"""


def dress() -> None:
    st.html(CSS)
