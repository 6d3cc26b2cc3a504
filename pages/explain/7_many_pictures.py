"""Many pictures go in; the class of each, how sure it is, and what decided come out."""

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.errors import DlexplainError
from dlexplain.language import tr
from dlexplain.services.pictures.cards import TASK
from dlexplain.services.pictures.sources import sample_files
from dlexplain.trained.catalogue import default
from dlexplain.ui.folder.choice import arrived, choose_files
from dlexplain.ui.layout import answer_first
from dlexplain.ui.markdown import literal
from dlexplain.ui.models import choose_model
from dlexplain.ui.pictures import OWN

if TYPE_CHECKING:
    from dlexplain.services.pictures.models import LoadedModel
    from dlexplain.services.pictures.sources import PictureFiles

SLOT = "many"
UNREAD = "many-address-unread"  # it also says what is asked, once there are pictures


def main() -> None:
    st.title(tr("Explain many pictures"))
    if opened := arrived():
        st.session_state[UNREAD] = True
    answer, settings = answer_first()
    with settings:
        entry = choose_model([TASK], "model", opened, own=OWN)
        OWN.ask("model")
        if entry is None:
            return
        files = choose_files()
    example = files is None and entry.name == default(TASK).name
    with answer:
        if example:
            files = sample_files()
            st.caption(tr("Until you give a ZIP or a folder, the samples that come along."))
        elif files is None and SLOT not in st.session_state:
            st.info(
                tr(
                    "Give a ZIP of pictures, or name a folder on the server. Each picture gets its "
                    "class, how sure the model is, and a map of what decided. Folders that are "
                    "named after classes say what is right, and how often the model is."
                )
            )
            return
    # torch is imported from here on, so the empty page is there at once.
    from dlexplain.ui import cache

    try:
        model = cache.model(entry.name)
    except DlexplainError as error:
        answer.error(literal(tr(error)))
        return
    ask(model, files, example, answer, settings)


def ask(
    model: "LoadedModel",
    files: "PictureFiles | None",
    example: bool,
    answer: DeltaGenerator,
    settings: DeltaGenerator,
) -> None:
    """The question and its answer; an example is answered unasked."""
    from dlexplain.ui.folder.answers import show_answers
    from dlexplain.ui.folder.question import choose_settings, choose_what, share, start, waits

    with settings:
        what = choose_what(model, st.session_state.pop(UNREAD, False))
        button = st.container()
        question = choose_settings(model, what, files)
    with button:
        start(SLOT, model, files, question, at_once=example)
    share(model, what)
    found = st.session_state.get(SLOT)
    if found is None:
        return
    with answer:
        if question is not None and found.question != question:
            st.caption(tr(waits(found.question)))
        show_answers(found, found.question.orders)


main()
