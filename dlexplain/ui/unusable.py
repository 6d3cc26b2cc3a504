"""A home folder, or a file of all runs, that cannot be used: said on the page in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dlexplain.errors import StatesError
from dlexplain.services.machine import home_problem
from dlexplain.ui.markdown import literal


@contextmanager
def states_told() -> Iterator[None]:
    """Around what looks at runs; also as a decorator."""
    try:
        yield
    except StatesError as error:
        st.error(literal(home_problem() or str(error)))
