"""Adding a model of one's own, by its folder or its name on the Hugging Face hub."""

import streamlit as st

from dlexplain.errors import UnknownName, WeightsError
from dlexplain.services.texts.hugging_face import Kind, check_own, is_own_model
from dlexplain.ui.markdown import literal


def add_own(own: list[str], chosen: str, kind: Kind) -> None:
    """A text field; what is typed joins the list `own` and becomes the choice.

    A folder that is seen to be no such model does not. chosen  the picker's key
    """
    key, bad = f"own-{chosen}", f"own-{chosen}-bad"

    def add() -> None:
        name = str(st.session_state[key]).strip()
        st.session_state[bad] = wrong(name) if name else ""
        if name and not st.session_state[bad]:
            own.extend([name] if name not in own else [])
            st.session_state[chosen] = name

    def wrong(name: str) -> str:
        try:
            check_own(name, kind)
        except (UnknownName, WeightsError) as error:
            return str(error)
        if not is_own_model(name):
            return (
                f"{name} is no folder on the server and no name on the hub, such as "
                "organisation/model"
            )
        return ""

    with st.expander("Your own model", icon=":material/folder_open:"):
        st.text_input(
            "Folder, or name on the Hugging Face hub", key=key, on_change=add,
            placeholder="/path/to/model or organisation/model",
            help=f"A {kind} with safetensors and a tokenizer.json. Pickles are never read and code "
            "of the model is never run.",
        )  # fmt: skip
        if st.session_state.get(bad):
            st.error(literal(f"{st.session_state[bad]}."))
