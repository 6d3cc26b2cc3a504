"""Adding a model of one's own, by its folder, its file, or its name on the Hugging Face hub.

It is chosen when it has loaded, not before: a name that does not load would else be tried again at
every rerun, which takes half a minute where the hub does not answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from dlexplain.errors import DlexplainError, ModelError
from dlexplain.language import sentences, tr
from dlexplain.results.words import capital, with_article
from dlexplain.rights import check
from dlexplain.trained.hugging_face import BESIDE, KINDS, check_own, is_own_model
from dlexplain.trained.own_files import TASK as OF_FILES
from dlexplain.trained.own_files import check_file, is_own_file
from dlexplain.ui.markdown import literal
from dlexplain.ui.rights import gate

OR_FILE = "Or a file: .onnx, .pt2 (torch.export), or .safetensors with a JSON beside it."
"""See own_files.ACCEPTED."""


@dataclass(frozen=True)
class Own:
    """The user's own models of a task, in the session.

    also   further tasks that such models may be for
    read   loads one, raising DlexplainError where it cannot be used on the page
    offer  whether one that is in the session can be used on the page
    files  whether models in one file are taken too, where the task's may be such
    """

    task: str
    read: Callable[[str], object]
    offer: Callable[[str], bool] = lambda name: True
    also: tuple[str, ...] = ()
    files: bool = True

    def names(self) -> list[str]:
        """By folder, file or name on the hub."""
        return [name for name in self._all() if self.offer(name)]

    def _all(self) -> list[str]:
        kept: list[str] = st.session_state.setdefault(f"own-{self.task}", [])
        return kept

    def takes(self, name: str) -> bool:
        """Whether the name may be of such a model, rather than of the zoo or a run."""
        return self._is_file(name) or is_own_model(name)

    def _is_file(self, name: str) -> bool:
        return self._takes_files and is_own_file(name)

    @property
    def _takes_files(self) -> bool:
        return self.files and self.task == OF_FILES

    def load(self, name: str) -> str:
        """The name, which joins the list once the model has loaded; raises ModelError."""
        try:
            self._check(name)
            with st.spinner(tr(f"Loading {literal(name)}…")):
                self.read(name)
        except DlexplainError as error:
            raise ModelError(str(error)) from error
        kept = self._all()
        kept.extend([name] if name not in kept else [])
        return name

    def _check(self, name: str) -> None:
        """What can be told of it without loading it; raises DlexplainError."""
        check("own model")
        if self._is_file(name):
            check_file(name)
            return
        check_own(name, self.task, *self.also)
        if not is_own_model(name):
            raise ModelError(
                f"{name} is no folder on the server and no name on the hub, such as "
                "organisation/model"
            )

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
        kinds = " or ".join(with_article(KINDS[task]) for task in (self.task, *self.also))
        needs, _ = BESIDE.get(self.task, BESIDE[""])
        told = [f"{capital(kinds)} with safetensors and a {needs}."]
        told += [OR_FILE] if self._takes_files else []
        told += ["Pickles are never read and code of the model is never run."]

        def note() -> None:
            st.session_state[f"{key}-asked"] = str(st.session_state[key]).strip()
            st.session_state[bad] = ""

        with st.expander(tr("Your own model"), icon=":material/folder_open:"):
            st.text_input(
                tr("Folder, file, or name on the Hugging Face hub")
                if self._takes_files
                else tr("Folder, or name on the Hugging Face hub"),
                key=key,
                on_change=note,
                placeholder=tr("/path/to/model or organisation/model"),
                **gate("own model", help=sentences(told)),
            )
            if st.session_state.get(bad):
                st.error(literal(tr(f"{st.session_state[bad]}.")))
