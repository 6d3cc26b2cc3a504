"""A shortcut is planted in a training; which methods of explanation point at it?"""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.language import tr
from dlexplain.services.quality.lab import LEAST_EXAMPLES, MOST_EXAMPLES, USUAL, Lab
from dlexplain.services.quality.lab_shipped import shipped
from dlexplain.ui.address import from_address, to_address, whole_number
from dlexplain.ui.glossary import glossary
from dlexplain.ui.jobs import asked, show_live
from dlexplain.ui.shortcuts.training import (
    INPUT,
    choose_lab,
    choose_run,
    plant_and_train,
    show_training,
)

if TYPE_CHECKING:
    from dlexplain.results.shortcuts import ShortcutTest
    from dlexplain.services.jobs import Progress

EXAMPLES, SLOT = "lab-examples", "shortcut-lab"


def main() -> None:
    st.title(tr("Shortcut lab"), help=glossary("shortcut"))
    st.markdown(
        tr(
            "A mark is planted in the training data so that it foretells the answer. A model "
            "learns "
            "it, and it is then certain where its evidence lies: the one test of explanations "
            "whose "
            "truth is known."
        )
    )
    arrived = INPUT not in st.session_state
    read = whole_number("examples", LEAST_EXAMPLES, MOST_EXAMPLES)
    from_address("examples", read, arrived, EXAMPLES)
    st.session_state.setdefault(EXAMPLES, USUAL)
    lab = choose_lab(arrived)
    record = choose_run(lab, arrived)
    answer, settings = st.container(), st.container()
    with settings, st.container(border=True):
        st.subheader(tr("Plant another") if record else tr("Plant one"))
        plant_and_train(lab)
        if record:
            st.number_input(
                tr("Examples that are explained"), LEAST_EXAMPLES, MOST_EXAMPLES, key=EXAMPLES,
                persist_state="session",
                help=tr("More of them make the intervals narrower, and take as much longer."),
            )  # fmt: skip
    examples = int(st.session_state[EXAMPLES])
    to_address(
        {
            "input": lab.name,
            "run": record.id if record else None,
            "examples": None if examples == USUAL else str(examples),
        }
    )
    with answer:
        if record is None:
            show_example(lab)
        elif record.state != "finished":
            show_training(record)
        else:
            ask(lab.name, record.id, examples)


def show_example(lab: Lab) -> None:
    """What came along, until one of the user's own is trained."""
    along = shipped(lab.name)
    st.info(
        tr(
            f"No model of {lab.title.lower()} with a planted shortcut yet. Press **Plant and "
            "train** below; the answer comes when the training is done."
        ),
        icon=":material/arrow_downward:",
    )
    if along is not None:
        from dlexplain.ui.shortcuts.answer import show_tested

        st.caption(tr("Until then the page shows one that came along."))
        show_tested(lab.name, along)


def ask(kind: str, run: str, examples: int) -> None:
    """The answer about a finished run."""
    from dlexplain.ui.shortcuts.answer import show_answer

    found = asked(SLOT, (run, examples), "Shortcut lab", partial(_measure, run, examples))
    show_live(partial(show_answer, kind), found)


def _measure(run: str, examples: int, progress: "Progress") -> "ShortcutTest":
    from dlexplain.services.quality.shortcuts import measure_shortcut  # torch, in the job's thread

    return measure_shortcut(run, examples, progress=progress)


main()
