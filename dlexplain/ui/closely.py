"""A map compared closely with its picture, and with other methods' maps: a component of our own.

It is run by the browser alone: nothing is asked of the page while a lens moves.
"""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from dlexplain.figures.gallery import data_address
from dlexplain.language import tr

HERE = Path(__file__).parent
HTML = """
<div class="closely">
  <div class="modes" role="radiogroup"></div>
  <div class="stage" role="img" tabindex="0">
    <img class="under" alt=""><img class="over" alt="">
    <div class="ring"></div>
    <div class="handle" role="slider" tabindex="0"
      aria-orientation="horizontal" aria-valuemin="0" aria-valuemax="100" hidden></div>
  </div>
  <div class="pace" hidden>
    <button type="button" class="play"></button>
    <label><span class="speed"></span>
      <input class="range" type="range" min="200" max="2000" step="100" value="800" dir="rtl">
    </label>
  </div>
  <p class="told" aria-live="polite"></p>
</div>
"""
WORDS = {
    "modes": "Compare by",
    "lens": "Lens",
    "swipe": "Swipe",
    "flicker": "Flicker",
    "lens_told": "Inside the circle: the picture. Move it with the pointer or the arrow keys.",
    "swipe_told": "Left of the line: the picture. Drag it, or use the arrow keys.",
    "playing": "Space stops it.",
    "still": "Space starts it, arrow keys step.",
    "handle": "How much of the picture is shown",
    "picture": "of the picture",
    "start": "Start",
    "stop": "Stop",
    "speed": "Slower, faster",
}
"""What the component says."""
_closely = st.components.v2.component(
    "dlexplain.closely",
    html=HTML,
    css=(HERE / "closely.css").read_text(),
    js=(HERE / "closely.js").read_text(),
)


def compare_closely(picture: bytes, maps: Sequence[tuple[str, bytes]], key: str) -> None:
    """A lens, a handle to swipe, and all in turn.

    picture  a JPEG;  maps  titles and JPEGs of the same size, the first is the one looked at
    """
    rows = [("The picture alone", picture), *maps]
    words = {key: tr(word) for key, word in WORDS.items()}
    frames = [{"title": tr(title), "image": data_address(one, "image/jpeg")} for title, one in rows]
    _closely(data={"frames": frames, "words": words}, key=key)
