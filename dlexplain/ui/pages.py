"""What each page is called, in the menu and where it is linked to, and its icon."""

import re
from pathlib import Path

import streamlit as st

from dlexplain.language import tr
from dlexplain.results.words import capital

PAGES = Path(__file__).parents[2] / "pages"
SECTIONS = {
    "home": "",
    "explain": "Explain",
    "generate": "Generate",
    "inside": "Networks",
    "secure": "Secure",
    "train": "Train",
}
NAMES = {
    "home": ("Home", "home"),
    "glossary": ("Glossary", "dictionary"),
    "audit": ("Audit log", "history"),
    "image": ("Picture", "image"),
    "many_pictures": ("Many pictures", "photo_library"),
    "objects": ("Objects", "select_all"),
    "text": ("Text", "article"),
    "attention": ("Attention", "hub"),
    "writing": ("Generate text", "edit_note"),
    "translation": ("Translation", "translate"),
    "forecast": ("Forecast", "timeline"),
    "trust": ("Trust", "verified"),
    "compare_models": ("Compare models", "balance"),
    "reports": ("Reports", "summarize"),
    "shortcut_lab": ("Shortcut lab", "science"),
    "latent": ("Latent space", "scatter_plot"),
    "layers": ("Inside a network", "layers"),
    "attack": ("Attack", "bolt"),
    "robustness": ("Robustness", "shield"),
    "reliability": ("Reliability", "speed"),
    "privacy": ("Privacy", "lock"),
    "smoothing": ("Randomised smoothing", "blur_on"),
    "defence": ("Defence", "security"),
    "launch": ("Launch", "play_arrow"),
    "runs": ("Runs", "list"),
    "compare": ("Compare runs", "compare"),
    "compress": ("Compress", "compress"),
    "sweep": ("Sweep", "tune"),
}
"""(name, icon) by address; a page that is not here is named by its file."""


FOR_ADMINS = ("home/2_audit",)


def address_of(page: str) -> str:
    """Of a page as it lies under pages/: explain/1_image -> image."""
    return re.sub(r"^\d+_", "", page.rpartition("/")[2])


def named(page: str) -> tuple[str, str]:
    """Its name and its icon."""
    address = address_of(page)
    return NAMES.get(address, (capital(address.replace("_", " ")), "article"))


def menu(admin: bool = False) -> dict[str, list["st.Page"]]:
    """All of them by section, home first, each section in the order of its files.

    admin  whether those that only admins may see are among them
    """
    found: dict[str, list[st.Page]] = {}
    for section, title in SECTIONS.items():
        files = sorted((PAGES / section).glob("*.py"), key=lambda one: int(one.stem.split("_")[0]))
        shown = [f"{section}/{one.stem}" for one in files]
        found[tr(title)] = [_page(one) for one in shown if admin or one not in FOR_ADMINS]
    return found


def link_to(page: str, label: str = "", query: dict[str, str] | None = None) -> None:
    """A link to a page as it lies under pages/, by its own name and icon where none is given."""
    name, icon = named(page)
    st.page_link(
        f"pages/{page}.py",
        label=tr(label) or tr(name),
        icon=f":material/{icon}:",
        query_params=query,
    )


def _page(page: str) -> "st.Page":
    address, home = address_of(page), page == "home/0_home"
    return st.Page(
        PAGES / f"{page}.py",
        title=tr(named(page)[0]),
        url_path="" if home else address,
        default=home,
    )
