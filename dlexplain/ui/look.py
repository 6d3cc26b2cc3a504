"""How every page looks, beside what the theme says."""

from pathlib import Path

import streamlit as st

ICON = Path(__file__).parent / "icon.png"
"""A file of our own, since Streamlit's icons come from the internet."""
CSS = """
<style>
.stMainBlockContainer { padding-top: 3.5rem; }
@media (max-width: 640px) { .stMainBlockContainer { padding-top: 2.5rem; } }
.stMainBlockContainer h1 { padding: 0.25rem 0 0.5rem; font-size: 2.2rem; }
[class*="st-key-printable-"] { position: relative; gap: 0; }
[class*="st-key-printable-"] > div:has(> .stPopover), [class*="st-key-printable-"] > .stPopover {
  position: absolute; top: -1.1rem; right: 0; width: auto; z-index: 2;
}
[class*="st-key-printable-map"] > div:has(> .stPopover) { right: 2.6rem; }
[class*="st-key-printable-"] .stPopover button {
  min-height: 1.6rem; height: 1.6rem; padding: 0 0.1rem; opacity: 0.55;
}
[class*="st-key-printable-"] .stPopover button:hover,
[class*="st-key-printable-"] .stPopover button:focus-visible { opacity: 1; }
[class*="st-key-printable-"] .stPopover button > div > div:last-child:not(:first-child)
  { display: none; }
[class*="st-key-printable-"] .stPopover button [data-testid="stMarkdownContainer"]
  { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
</style>
"""
"""Less blank above a title, so that an answer is seen without scrolling. It is Markdown, which is
there with the first element; st.html is loaded later, and the page would jump."""


def dress() -> None:
    """Before anything else on a page."""
    st.set_page_config(page_title="dlexplain", page_icon=str(ICON), layout="wide")
    st.markdown(CSS, unsafe_allow_html=True)
