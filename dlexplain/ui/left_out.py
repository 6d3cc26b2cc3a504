"""What the lists of models and runs do not show because its files are damaged, said once a page."""

import streamlit as st

from dlexplain.services.training.runs import damaged_runs
from dlexplain.trained.zoo import damaged_zoo
from dlexplain.ui.markdown import literal


def tell_left_out() -> None:
    """One box below the page; nothing where all is whole."""
    told = [*damaged_zoo(), *damaged_runs()]
    if told:
        lines = "".join(f"\n- {literal(problem)}" for problem in told)
        st.warning(f"Left out of the lists, since their files are damaged:\n{lines}")
