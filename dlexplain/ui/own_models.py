"""Adding a model of one's own, by its folder or its name on the Hugging Face hub.

It is chosen when it has loaded, not before: a name that does not load would else be tried again at
every rerun, which takes half a minute where the hub does not answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from dlexplain.errors import DlexplainError, ModelError
from dlexplain.results.words import capital, with_article
from dlexplain.trained.hugging_face import BESIDE, KINDS, check_own, is_own_model
from dlexplain.ui.markdown import literal


@dataclass(frozen=True)
class Own:
    """The user's own models of a task, in the session.

    read   loads one, raising DlexplainError where it cannot be used on the page
    offer  whether one that is in the session can be used on the page
    """

    task: str
    read: Callable[[str], object]
    offer: Callable[[str], bool] = lambda name: True

    def names(self) -> list[str]:
        """By folder or name on the hub."""
        return [name for name in self._all() if self.offer(name)]

    def _all(self) -> list[str]:
        kept: list[str] = st.session_state.setdefault(f"own-{self.task}", [])
        return kept

    def load(self, name: str) -> str:
        """The name, which joins the list once the model has loaded; raises ModelError."""
        try:
            check_own(name, self.task)
            if not is_own_model(name):
                raise ModelError(
                    f"{name} is no folder on the server and no name on the hub, such as "
                    "organisation/model"
                )
            with st.spinner(f"Loading {literal(name)}…"):
                self.read(name)
        except DlexplainError as error:
            raise ModelError(str(error)) from error
        kept = self._all()
        kept.extend([name] if name not in kept else [])
        return name

    def choose_asked(self, chosen: str) -> None:
        """Load what was typed into `ask`, and choose it; call it before the picker is drawn.

        chosen  the picker's key
        """
        state = st.session_state
        name = str(state.pop(f"own-{chosen}-asked", ""))
        if not name:
            return
        try:
            state[chosen] = self.load(name)
            state[f"own-{chosen}-bad"] = ""
        except ModelError as error:
            state[f"own-{chosen}-bad"] = str(error)

    def ask(self, chosen: str) -> None:
        """A text field for the name of a model, which `choose_asked` loads at the next run."""
        key, bad = f"own-{chosen}", f"own-{chosen}-bad"
        needs, _ = BESIDE.get(self.task, BESIDE[""])

        def note() -> None:
            st.session_state[f"{key}-asked"] = str(st.session_state[key]).strip()
            st.session_state[bad] = ""

        with st.expander("Your own model", icon=":material/folder_open:"):
            st.text_input(
                "Folder, or name on the Hugging Face hub",
                key=key,
                on_change=note,
                placeholder="/path/to/model or organisation/model",
                help=f"{capital(with_article(KINDS[self.task]))} with safetensors and a {needs}. "
                "Pickles are never read "
                "and code of the model is never run.",
            )
            if st.session_state.get(bad):
                st.error(literal(f"{st.session_state[bad]}."))
