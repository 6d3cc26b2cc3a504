"""The dashboard: `streamlit run app.py`, or `make run`."""

import re
from pathlib import Path

import streamlit as st

from dlexplain.ui.live import following
from dlexplain.ui.look import dress
from dlexplain.ui.notices import states_told, tell_left_out
from dlexplain.ui.session import here
from dlexplain.ui.start import look_after_runs, warm_up

SECTIONS = {n: n.capitalize() for n in ("explain", "generate", "inside", "secure", "train")}
PAGES = Path(__file__).parent / "pages"


def _title(path: Path) -> str:
    return re.sub(r"^\d+_", "", path.stem).replace("_", " ").capitalize()


def _page(path: Path) -> "st.Page":
    name = re.sub(r"^\d+_", "", path.stem)
    home = path.stem == "0_home"
    return st.Page(path, title=_title(path), url_path="" if home else name, default=home)


dress()
warm_up()
look_after_runs()
here()
menu: dict[str, list[st.Page]] = {}
places = {path: int(path.stem.partition("_")[0]) for path in PAGES.glob("*/*.py")}
for file in sorted(places, key=lambda p: (p.parent.name != "home", p.parent, places[p])):
    menu.setdefault(SECTIONS.get(file.parent.name, ""), []).append(_page(file))
with states_told(), following():
    st.navigation(menu, position="top").run()
    tell_left_out()
