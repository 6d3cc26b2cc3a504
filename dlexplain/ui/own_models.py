"""Adding a model of one's own, by its folder or its name on the Hugging Face hub.

It is chosen when it has loaded, not before: a name that does not load would else be tried again at
every rerun, which takes half a minute where the hub does not answer.
"""

from collections.abc import Callable

import streamlit as st

from dlexplain.errors import DlexplainError, ModelError
from dlexplain.services.texts.hugging_face import Kind, check_own, is_own_model
from dlexplain.ui.markdown import literal

Load = Callable[[str], object]
"""Loads a model, raising DlexplainError where it cannot be used on the page."""


def load_own(name: str, own: list[str], kind: Kind, load: Load) -> str:
    """The name, which joins the list `own` once the model has loaded; raises ModelError."""
    try:
        check_own(name, kind)
        if not is_own_model(name):
            raise ModelError(
                f"{name} is no folder on the server and no name on the hub, such as "
                "organisation/model"
            )
        with st.spinner(f"Loading {literal(name)}…"):
            load(name)
    except DlexplainError as error:
        raise ModelError(str(error)) from error
    own.extend([name] if name not in own else [])
    return name


def choose_asked(own: list[str], chosen: str, kind: Kind, load: Load) -> None:
    """Load what was typed into `ask_own`, and choose it; call it before the picker is drawn.

    chosen  the picker's key
    """
    state = st.session_state
    name = str(state.pop(f"own-{chosen}-asked", ""))
    if not name:
        return
    try:
        state[chosen] = load_own(name, own, kind, load)
        state[f"own-{chosen}-bad"] = ""
    except ModelError as error:
        state[f"own-{chosen}-bad"] = str(error)


def ask_own(chosen: str, kind: Kind) -> None:
    """A text field for the name of a model, which `choose_asked` loads at the next run."""
    key, bad = f"own-{chosen}", f"own-{chosen}-bad"

    def ask() -> None:
        st.session_state[f"{key}-asked"] = str(st.session_state[key]).strip()
        st.session_state[bad] = ""

    with st.expander("Your own model", icon=":material/folder_open:"):
        st.text_input(
            "Folder, or name on the Hugging Face hub", key=key, on_change=ask,
            placeholder="/path/to/model or organisation/model",
            help=f"A {kind} with safetensors and a tokenizer.json. Pickles are never read and code "
            "of the model is never run.",
        )  # fmt: skip
        if st.session_state.get(bad):
            st.error(literal(f"{st.session_state[bad]}."))
