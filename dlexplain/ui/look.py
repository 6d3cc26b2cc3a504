"""How every page looks, beside what the theme says."""

from pathlib import Path

import streamlit as st

ICON = Path(__file__).parent / "icon.png"
"""A file of our own, since Streamlit's icons come from the internet."""
ACCENT = ("#0B6E75", "#4CC2C9")
"""Of the theme as letters and outlines, on light and on dark pages: at least 4.5:1 on each."""
QUIET = ("#4E5A65", "#AFBAC4")
"""Of captions."""
KEYWORDS, STRINGS, NUMBERS = (
    ("#0B5394", "#7FBCFF"),
    ("#0B6B2C", "#7FD99A"),
    ("#8A3B00", "#F2B27A"),
)
"""Of code."""


def _both(colours: tuple[str, str]) -> str:
    """Follows the theme that is chosen, not only the system's: Streamlit says which by CSS."""
    return f"light-dark({colours[0]},{colours[1]})"


CSS = f"""
<style>
.stMainBlockContainer {{ padding-top: 3.5rem; }}
@media (max-width: 640px) {{ .stMainBlockContainer {{ padding-top: 2.5rem; }} }}
.stMainBlockContainer h1 {{ padding: 0.25rem 0 0.5rem; font-size: 2.2rem; }}
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p,
[data-testid="stImageCaption"] p {{ color: {_both(QUIET)}; opacity: 1; }}
[data-testid="stButtonGroup"] [data-selected="true"] p,
[data-testid="stSliderThumbValue"] p {{ color: {_both(ACCENT)}; }}
.stCode pre, .stCode code {{ white-space: pre-wrap !important; overflow-wrap: anywhere; }}
.stCode .token.keyword, .stCode .token.boolean, .stCode .token.function {{
  color: {_both(KEYWORDS)} !important; }}
.stCode .token.string {{ color: {_both(STRINGS)} !important; }}
.stCode .token.number {{ color: {_both(NUMBERS)} !important; }}
.stPlotlyChart :is(g[class$="tick"], g[class^="g-"], g.cbaxis, g.legend) text,
.stPlotlyChart text[style*="rgb(122, 133, 148)"] {{ fill: {_both(QUIET)} !important; }}
.stApp :is(a, button, summary, pre, [role="slider"], [role="option"], [role="radio"],
  [role="button"], [role="tab"], [tabindex="0"]):focus-visible,
.stApp label:has(input:focus-visible), .stApp [data-testid="stDataFrame"]:has(:focus-visible) {{
  outline: 2px solid {_both(ACCENT)} !important; outline-offset: 2px; }}
.stApp svg [tabindex="0"]:focus-visible {{ outline: none !important; }}
.dlx-term {{ position: relative; border-bottom: 1px dotted currentColor; cursor: help;
  anchor-name: --dlx; anchor-scope: --dlx; }}
.dlx-told {{ display: none; position: absolute; left: 0; top: 1.6em; z-index: 1000;
  width: max-content; max-width: min(22rem, 70vw); padding: .6rem .8rem; border-radius: 8px;
  font-size: .875rem; font-weight: 400; line-height: 1.45; text-align: left; white-space: normal;
  color: light-dark(#16202A, #E8EDF1); background: light-dark(#FFFFFF, #182027);
  border: 1px solid light-dark(#7A8794, #6C7A87); }}
@supports (anchor-scope: --dlx) {{
  .dlx-told {{ position: fixed; position-anchor: --dlx; left: anchor(left); top: anchor(bottom);
    position-try-fallbacks: flip-inline, flip-block, flip-inline flip-block; }} }}
@media (max-width: 640px) {{ .dlx-told {{ position: fixed; left: 1rem; right: 1rem; top: auto;
  bottom: 1rem; width: auto; max-width: none; }} }}
.dlx-term:hover .dlx-told, .dlx-term:focus .dlx-told {{ display: block; }}
</style>
"""
"""Less blank above a title, so that an answer is seen without scrolling; letters that can be read
and a focus that can be seen; words that are explained, see `glossary`. It is Markdown, which is
there with the first element; st.html is loaded later, and the page would jump."""


def dress() -> None:
    """Before anything else on a page."""
    st.set_page_config(page_title="dlexplain", page_icon=str(ICON), layout="wide")
    st.markdown(CSS, unsafe_allow_html=True)
