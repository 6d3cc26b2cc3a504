"""What does a model betray of the records that it was trained on, and what does privacy cost?"""

import streamlit as st

from dlexplain.language import tr
from dlexplain.services.pictures.cards import TASK
from dlexplain.services.pictures.sets import own_data
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import to_address
from dlexplain.ui.data_path import ask_path, find_own
from dlexplain.ui.glossary import glossary
from dlexplain.ui.models import choose_model
from dlexplain.ui.privacy.answer import Question, choose_shadows, show_membership
from dlexplain.ui.privacy.more import show_canaries, show_cost, show_inversion

MODEL, FIRST = "privacy-model", "digits-cnn"


def main() -> None:
    st.title(tr("What does it betray?"), help=glossary("membership inference", "shadow model"))
    arrived = MODEL not in st.session_state
    entry = choose_model([TASK], MODEL, arrived, first=at_hand)
    shadows = None
    if entry is not None:
        shadows = ask(entry, arrived)
    show_cost()
    show_canaries()
    to_address({"model": entry.name if entry else None, "shadows": str(shadows or "") or None})


def at_hand(entry: ModelEntry) -> tuple[bool, bool]:
    """The small digits first, then models whose training data is here."""
    return entry.name != FIRST, own_data(entry) is None


def ask(entry: ModelEntry, arrived: bool) -> int | None:
    """The answer on a model; how many shadow models were asked for."""
    if entry.source == "registered":
        st.info(
            tr(
                "What this model was trained on is not known here. Choose a model of the zoo, or "
                "a run "
                "of your own: you will see whether an attacker can tell which records it was "
                "trained "
                "on."
            ),
            icon=":material/arrow_upward:",
        )
        return None
    path, missing = find_own(entry)
    if missing is not None:
        ask_path(*missing, without="Its training part is what the model may betray.")
        return None
    answer = st.container()
    shadows = choose_shadows(arrived)
    with answer:
        show_membership(Question(entry.name, path, shadows))
    show_inversion(entry, path)
    return shadows


main()
