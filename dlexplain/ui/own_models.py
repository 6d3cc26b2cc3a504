"""Adding a model of one's own, by its folder or its name on the Hugging Face hub."""

import streamlit as st

from dlexplain.services.hugging_face import is_own_model
from dlexplain.ui.markdown import literal


def add_own(own: list[str], chosen: str, what: str) -> None:
    """A text field; what is typed joins the list `own` and becomes the choice.

    chosen  the picker's key;  what  the kind of model, such as "A sequence classifier"
    """
    key, bad = f"own-{chosen}", f"own-{chosen}-bad"

    def add() -> None:
        name = str(st.session_state[key]).strip()
        st.session_state[bad] = ""
        if name and not is_own_model(name):
            st.session_state[bad] = name
        elif name:
            own.extend([name] if name not in own else [])
            st.session_state[chosen] = name

    with st.expander("Your own model", icon=":material/folder_open:"):
        st.text_input(
            "Folder, or name on the Hugging Face hub", key=key, on_change=add,
            placeholder="/path/to/model or organisation/model",
            help=f"{what} with safetensors and a tokenizer.json. Pickles are never read and code "
            "of the model is never run.",
        )  # fmt: skip
        if wrong := st.session_state.get(bad):
            st.error(
                f"{literal(wrong)} is no folder on the server and no name on the hub, such as "
                "organisation/model."
            )
