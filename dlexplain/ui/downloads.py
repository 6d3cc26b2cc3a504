"""Files that are made when their button is pressed."""

import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from dlexplain.language import tr

MIMES = {
    "csv": "text/csv",
    "dot": "text/vnd.graphviz",
    "html": "text/html",
    "ipynb": "application/x-ipynb+json",
    "json": "application/json",
    "npz": "application/octet-stream",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "zip": "application/zip",
}
"""By the ending of a file's name."""


def download(
    label: str, make: Callable[[], Any], name: str, key: str, help: str | None = None
) -> None:
    """A button that downloads a file.

    make  gives its content when the button is pressed: a text, bytes, or what becomes JSON
    name  of the file, with its ending
    """

    def content() -> str | bytes:
        made = make()
        return made if isinstance(made, str | bytes) else json.dumps(made, indent=1)

    st.download_button(
        tr(label),
        content,
        name,
        MIMES[name.rpartition(".")[2]],
        key=key,
        icon=":material/download:",
        on_click="ignore",
        type="tertiary",
        help=tr(help),
    )
