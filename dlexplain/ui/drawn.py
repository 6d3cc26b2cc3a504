"""Drawings in SVG on a page, which Streamlit's own HTML leaves out: a small component of our own.

They take the page's colours, and hold no script: what is drawn comes from `figures`, which escapes
what is not ours.
"""

import streamlit as st

JS = """
export default function({data, parentElement}) {
    const place = parentElement.querySelector("div");
    if (place.shown === data) return;  // called again at every run of the page
    place.shown = data;
    place.innerHTML = data;
}
"""
CSS = "div{color:var(--st-text-color);font-family:var(--st-font)}"
_drawn = st.components.v2.component("dlexplain.drawn", html="<div></div>", css=CSS, js=JS)


def show_drawn(html: str, key: str) -> None:
    _drawn(data=html, key=key)
